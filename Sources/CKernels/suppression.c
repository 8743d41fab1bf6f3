#include "CKernelsSuppression.h"

#include "kernel.h"

// No contraction here: whether a box goes must not depend on which of two boxes an overlap is computed from, nor on
// the processor.
#pragma clang fp contract(off)

// Boxes resolved one by one before the rest is compared with the survivors among them.
enum { HEAD = 64, PIECE = 512 };

typedef struct {
    float *x1, *y1, *x2, *y2, *area;
    int32_t *name;
} boxes;

typedef struct {
    // The boxes not yet decided, in order, and the survivors of the last head.
    boxes rest, stayed;
    int64_t stayed_count;
    float limit;
    // Of each piece, how many boxes are left; they are moved to its start.
    int64_t *left;
} sweep;

INLINE float overlap(const boxes *a, int64_t i, const boxes *b, int64_t j) {
    const float w = fminf(a->x2[i], b->x2[j]) - fmaxf(a->x1[i], b->x1[j]);
    const float h = fminf(a->y2[i], b->y2[j]) - fmaxf(a->y1[i], b->y1[j]);
    const float both = fmaxf(w, 0) * fmaxf(h, 0);
    return both / (a->area[i] + b->area[j] - both);
}

INLINE void move(const boxes *b, int64_t to, int64_t from) {
    b->x1[to] = b->x1[from];
    b->y1[to] = b->y1[from];
    b->x2[to] = b->x2[from];
    b->y2[to] = b->y2[from];
    b->area[to] = b->area[from];
    b->name[to] = b->name[from];
}

// Drops from 16 boxes on those that overlap a survivor.
CLONES static void sweep_body(void *context, int64_t begin, int64_t end) {
    const sweep *k = context;
    int64_t left = begin;
    for (int64_t i = begin; i < end; i += 16) {
        const int64_t count = min64(16, end - i);
        int32_t gone[16] = {0};
        if (count == 16) {
            float x1[16], y1[16], x2[16], y2[16], area[16];
            memcpy(x1, k->rest.x1 + i, sizeof x1);
            memcpy(y1, k->rest.y1 + i, sizeof y1);
            memcpy(x2, k->rest.x2 + i, sizeof x2);
            memcpy(y2, k->rest.y2 + i, sizeof y2);
            memcpy(area, k->rest.area + i, sizeof area);
            for (int64_t s = 0; s < k->stayed_count; s++) {
                const float a = k->stayed.x1[s], b = k->stayed.y1[s], c = k->stayed.x2[s], d = k->stayed.y2[s];
                const float own = k->stayed.area[s];
                for (int j = 0; j < 16; j++) {
                    const float right = x2[j] < c ? x2[j] : c, left_edge = x1[j] > a ? x1[j] : a;
                    const float low = y2[j] < d ? y2[j] : d, high = y1[j] > b ? y1[j] : b;
                    const float w = right - left_edge, h = low - high;
                    const float both = (w > 0 ? w : 0) * (h > 0 ? h : 0);
                    gone[j] |= both / (own + area[j] - both) > k->limit;
                }
            }
        } else {
            for (int64_t j = 0; j < count; j++)
                for (int64_t s = 0; s < k->stayed_count; s++)
                    gone[j] |= overlap(&k->stayed, s, &k->rest, i + j) > k->limit;
        }
        for (int64_t j = 0; j < count; j++)
            if (!gone[j]) move(&k->rest, left++, i + j);
    }
    k->left[begin / PIECE] = left - begin;
}

static boxes view(float *memory, int32_t *names, int64_t capacity, int64_t at) {
    return (boxes){memory + at,
                   memory + capacity + at,
                   memory + 2 * capacity + at,
                   memory + 3 * capacity + at,
                   memory + 4 * capacity + at,
                   names + at};
}

static void shift(const boxes *b, int64_t to, int64_t from, int64_t count) {
    const size_t bytes = (size_t)count * sizeof(float);
    memmove(b->x1 + to, b->x1 + from, bytes);
    memmove(b->y1 + to, b->y1 + from, bytes);
    memmove(b->x2 + to, b->x2 + from, bytes);
    memmove(b->y2 + to, b->y2 + from, bytes);
    memmove(b->area + to, b->area + from, bytes);
    memmove(b->name + to, b->name + from, bytes);
}

typedef struct {
    const int64_t *start;
    const float *box;
    float limit;
    int64_t most;
    int32_t *kept;
    int64_t *kept_count;
} job;

static int64_t suppress_group(const job *k, int64_t begin, int64_t count, int32_t *kept) {
    const int64_t head_space = HEAD, capacity = count + head_space;
    float *memory = malloc((size_t)(5 * capacity) * sizeof(float));
    int32_t *names = malloc((size_t)capacity * sizeof(int32_t));
    int64_t *left = malloc((size_t)(count / PIECE + 1) * sizeof(int64_t));
    if (!memory || !names || !left) abort();
    const boxes all = view(memory, names, capacity, 0);
    sweep s = {all, view(memory, names, capacity, count), 0, k->limit, left};
    for (int64_t i = 0; i < count; i++) {
        const float *b = k->box + 4 * (begin + i);
        all.x1[i] = b[0];
        all.y1[i] = b[1];
        all.x2[i] = b[2];
        all.y2[i] = b[3];
        all.area[i] = (b[2] - b[0]) * (b[3] - b[1]);
        all.name[i] = (int32_t)(begin + i);
    }
    int64_t at = 0, end = count, found = 0;
    while (at < end && found < k->most) {
        const int64_t head = min64(HEAD, end - at);
        s.stayed_count = 0;
        for (int64_t i = at; i < at + head && found < k->most; i++) {
            int gone = 0;
            for (int64_t n = 0; n < s.stayed_count && !gone; n++) gone = overlap(&s.stayed, n, &all, i) > k->limit;
            if (gone) continue;
            const int64_t n = s.stayed_count++;
            s.stayed.x1[n] = all.x1[i];
            s.stayed.y1[n] = all.y1[i];
            s.stayed.x2[n] = all.x2[i];
            s.stayed.y2[n] = all.y2[i];
            s.stayed.area[n] = all.area[i];
            kept[found++] = all.name[i];
        }
        at += head;
        if (found >= k->most) break;
        s.rest = view(memory, names, capacity, at);
        cthreading_for(end - at, PIECE, sweep_body, &s);
        int64_t to = 0;
        for (int64_t piece = 0; piece * PIECE < end - at; piece++) {
            if (to != piece * PIECE) shift(&s.rest, to, piece * PIECE, left[piece]);
            to += left[piece];
        }
        end = at + to;
    }
    free(memory);
    free(names);
    free(left);
    return found;
}

static void group_body(void *context, int64_t begin, int64_t end) {
    const job *k = context;
    for (int64_t g = begin; g < end; g++)
        k->kept_count[g] =
            suppress_group(k, k->start[g], k->start[g + 1] - k->start[g], k->kept + k->start[g]);
}

void ck_suppress(
    int64_t groups, const int64_t *start, const float *box, double threshold, int64_t limit, int32_t *kept,
    int64_t *kept_count) {
    // A float is above the threshold exactly where it is above the largest float that is not.
    float below = (float)threshold;
    if ((double)below > threshold) below = nextafterf(below, -INFINITY);
    job k = {start, box, below, limit, kept, kept_count};
    cthreading_for(groups, 1, group_body, &k);
}
