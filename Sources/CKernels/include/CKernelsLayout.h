#pragma once
#include <stdint.h>

/// y[p, c, r] = x[p, r, c], or added to what is there: every page transposed.
void ck_transpose_pages(
    int64_t pages, int64_t rows, int64_t columns, const float *x, float *y, int32_t accumulate);

/// y[p, 2 r + a, 2 c + b, o] = z[p, r, c, (o, a, b)]: every pixel's four numbers per channel become a square of pixels.
/// - z [pages, height, width, channels, 2, 2]; y [pages, 2 height, 2 width, channels].
void ck_unfold_squares(int64_t pages, int64_t height, int64_t width, int64_t channels, const float *z, float *y);
/// The reverse.
void ck_fold_squares(int64_t pages, int64_t height, int64_t width, int64_t channels, const float *y, float *z);
