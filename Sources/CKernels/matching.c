#include "CKernelsMatching.h"

#include "kernel.h"

// No contraction here: "equal to the best overlap" is decided by comparing two evaluations bit for bit.
#pragma clang fp contract(off)

typedef struct {
    int64_t boxes;
    const float *anchor, *box;
    float *best, *block_best;
    int32_t *chosen;
} match;

INLINE float overlap(const float *a, const float *b) {
    const float w = fminf(a[2], b[2]) - fmaxf(a[0], b[0]), h = fminf(a[3], b[3]) - fmaxf(a[1], b[1]);
    const float both = fmaxf(w, 0) * fmaxf(h, 0);
    const float sum = (a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1]);
    return both / fmaxf(sum - both, 1e-6f);
}

CLONES static void match_body(void *context, int64_t begin, int64_t end) {
    const match *k = context;
    float *box_best = k->block_best + begin / CK_MATCH_BLOCK * k->boxes;
    // Column by column, so that the loop over anchors reads vectors.
    float left[CK_MATCH_BLOCK], top[CK_MATCH_BLOCK], right[CK_MATCH_BLOCK], bottom[CK_MATCH_BLOCK];
    float best[CK_MATCH_BLOCK];
    int32_t chosen[CK_MATCH_BLOCK];
    const int64_t count = end - begin;
    for (int64_t i = 0; i < count; i++) {
        const float *anchor = k->anchor + 4 * (begin + i);
        left[i] = anchor[0];
        top[i] = anchor[1];
        right[i] = anchor[2];
        bottom[i] = anchor[3];
        best[i] = 0;
        chosen[i] = 0;
    }
    for (int64_t b = 0; b < k->boxes; b++) {
        const float *box = k->box + 4 * b;
        float most = 0;
        for (int64_t i = 0; i < count; i++) {
            const float anchor[4] = {left[i], top[i], right[i], bottom[i]}, o = overlap(anchor, box);
            most = fmaxf(most, o);
            chosen[i] = o > best[i] ? (int32_t)b : chosen[i];
            best[i] = fmaxf(o, best[i]);
        }
        box_best[b] = most;
    }
    memcpy(k->best + begin, best, (size_t)count * sizeof(float));
    memcpy(k->chosen + begin, chosen, (size_t)count * sizeof(int32_t));
}
void ck_match_anchors(
    int64_t anchors, int64_t boxes, const float *anchor, const float *box, float *best_overlap, int32_t *best_box,
    float *block_best) {
    match k = {boxes, anchor, box, best_overlap, block_best, best_box};
    cthreading_for(anchors, CK_MATCH_BLOCK, match_body, &k);
}

CLONES static void overlaps_body(void *context, int64_t begin, int64_t end) {
    const match *k = context;
    for (int64_t a = begin; a < end; a++) k->best[a] = overlap(k->anchor + 4 * a, k->box);
}
void ck_overlaps(int64_t anchors, const float *anchor, const float *box, float *overlaps) {
    match k = {1, anchor, box, overlaps, 0, 0};
    cthreading_for(anchors, 4096, overlaps_body, &k);
}
