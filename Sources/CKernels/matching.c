#include "CKernelsMatching.h"

#include "kernel.h"

// No contraction here: "equal to the best overlap" is decided by comparing two evaluations bit for bit.
#pragma clang fp contract(off)

typedef struct {
    int64_t boxes, block;
    const float *anchor, *box;
    float *best, *partial;
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
    float *box_best = k->partial + begin / k->block * k->boxes;
    for (int64_t a = begin; a < end; a++) {
        k->best[a] = 0;
        k->chosen[a] = 0;
    }
    for (int64_t b = 0; b < k->boxes; b++) {
        const float *box = k->box + 4 * b;
        float top = 0;
        for (int64_t a = begin; a < end; a++) {
            const float o = overlap(k->anchor + 4 * a, box);
            top = fmaxf(top, o);
            k->chosen[a] = o > k->best[a] ? (int32_t)b : k->chosen[a];
            k->best[a] = fmaxf(o, k->best[a]);
        }
        box_best[b] = top;
    }
}
void ck_match_anchors(
    int64_t anchors, int64_t boxes, const float *anchor, const float *box, float *best_overlap, int32_t *best_box,
    float *box_best) {
    const int64_t block = 2048, pieces = (anchors + block - 1) / block;
    match k = {boxes, block, anchor, box, best_overlap, malloc((size_t)max64(1, pieces * boxes) * sizeof(float)),
               best_box};
    if (!k.partial) abort();
    cthreading_for(anchors, block, match_body, &k);
    for (int64_t b = 0; b < boxes; b++) {
        box_best[b] = 0;
        for (int64_t p = 0; p < pieces; p++) box_best[b] = fmaxf(box_best[b], k.partial[p * boxes + b]);
    }
    free(k.partial);
}

CLONES static void overlaps_body(void *context, int64_t begin, int64_t end) {
    const match *k = context;
    for (int64_t a = begin; a < end; a++) k->best[a] = overlap(k->anchor + 4 * a, k->box);
}
void ck_overlaps(int64_t anchors, const float *anchor, const float *box, float *overlaps) {
    match k = {1, 0, anchor, box, overlaps, 0, 0};
    cthreading_for(anchors, 4096, overlaps_body, &k);
}
