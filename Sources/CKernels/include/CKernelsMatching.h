#pragma once
#include <stdint.h>

enum { CK_MATCH_BLOCK = 1024 };

/// Best overlaps between anchors and boxes, both [x1, y1, x2, y2].
/// - best_overlap, best_box [anchors]: largest intersection over union and the first box that has it; 0 and 0 without
///   boxes.
/// - block_best [blocks, boxes]: the largest overlap with that box of CK_MATCH_BLOCK anchors in a row.
void ck_match_anchors(
    int64_t anchors, int64_t boxes, const float *anchor, const float *box, float *best_overlap, int32_t *best_box,
    float *block_best);
/// overlaps[a] = intersection over union of anchor a with one box, rounded exactly as in ck_match_anchors.
void ck_overlaps(int64_t anchors, const float *anchor, const float *box, float *overlaps);
