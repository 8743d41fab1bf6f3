#pragma once
#include <stdint.h>

/// One NHWC map of a feature pyramid.
typedef struct {
    int64_t images, height, width;
    /// Map pixels per image pixel.
    float scale;
    /// Read by the forward pass, written by the backward pass.
    float *values;
} ck_roi_level;

/// What all regions have in common.
typedef struct {
    int64_t channels;
    /// Bins along each side.
    int64_t bins;
    /// Samples along each side of a bin; 0 for one per map pixel that the bin covers, rounded up.
    int64_t samples;
    /// 1: coordinates are shifted by half a pixel; 0: not, and regions are at least a map pixel wide and high.
    int32_t aligned;
} ck_roi_shape;

/// out[r] = bilinear samples of region r, averaged over each bin; [rois, bins, bins, channels].
/// - box [rois, 4]: x1 y1 x2 y2 in image pixels; image, level [rois]: where each region lies.
void ck_roi_align(
    const ck_roi_shape *shape, const ck_roi_level *levels, int64_t rois, const float *box, const int32_t *image,
    const int32_t *level, float *out);
/// The reverse: `values` of every level is overwritten with the sum of what its regions took, in their order.
void ck_roi_align_backward(
    const ck_roi_shape *shape, const ck_roi_level *levels, int64_t level_count, int64_t rois, const float *box,
    const int32_t *image, const int32_t *level, const float *dout);
