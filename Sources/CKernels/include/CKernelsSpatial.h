#pragma once
#include "CKernelsTypes.h"

/// Arrays given as `void *` are of `type` (CKernelsTypes.h).

/// A window that slides over NHWC maps: sizes in and out, kernel, stride, zero or -infinity padding.
typedef struct {
    int64_t n, ih, iw, channels, oh, ow, kernel, stride, padding;
} ck_window;

/// Maximum over each window of up to 64 pixels, half of it on the map at least; `chosen`, where given, gets the position
/// inside the window (row * kernel + column, first on ties).
void ck_max_pool(int32_t type, const ck_window *window, const void *x, void *y, uint8_t *chosen);
/// Adds each output's gradient to the place it came from; dx is overwritten.
void ck_max_pool_backward(
    int32_t type, const ck_window *window, const void *dy, const uint8_t *chosen, void *dx);

/// out[n, y, x] = fine[n, y, x] + coarse[n, floor(y ch / fh), floor(x cw / fw)]; `out` may be `fine`.
void ck_upsample_add(
    int32_t type, int64_t n, int64_t fh, int64_t fw, int64_t ch, int64_t cw, int64_t channels, const void *fine,
    const void *coarse, void *out);
/// dcoarse = the sum of dfine over the pixels that read it; overwritten.
void ck_upsample_backward(
    int32_t type, int64_t n, int64_t fh, int64_t fw, int64_t ch, int64_t cw, int64_t channels, const void *dfine,
    void *dcoarse);

/// Windows of one image as rows: columns[oh*ow, kernel*kernel*channels], in (row, column, channel) order, 0 outside.
void ck_image_to_columns(const ck_window *window, const float *image, float *columns);
/// The reverse, adding where windows overlap; `image` is overwritten.
void ck_columns_to_image(const ck_window *window, const float *columns, float *image);

/// Windows around chosen pixels of NHWC maps as rows: patches[count, channels * kernel * kernel], in (channel, row, column)
/// order as weights are, 0 outside. cells: positions in [n * h * w]; kernel is odd.
void ck_gather_patches(
    int64_t count, int64_t h, int64_t w, int64_t channels, int64_t kernel, const int32_t *cells, const float *x,
    float *patches);
/// The reverse, adding to `x`, in the order of `cells`.
void ck_scatter_patches(
    int64_t count, int64_t h, int64_t w, int64_t channels, int64_t kernel, const int32_t *cells, const float *patches,
    float *x);
