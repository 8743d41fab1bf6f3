#pragma once
#include <stdint.h>

/// Square windows over NHWC maps. A map is padded at the right and bottom with zeros to whole windows, and its pixels
/// are taken `shift` further right and down, those at the far edge from the near one.
typedef struct {
    int64_t images, height, width, channels, window, shift;
} ck_windows;

/// x [images, height, width, channels] to y [images * rows * columns of windows, window * window, channels].
void ck_window_partition(const ck_windows *shape, const float *x, float *y);
/// The reverse; padding is lost.
void ck_window_merge(const ck_windows *shape, const float *y, float *x);

/// Squares of four pixels as one: y [images, height / 2, width / 2, 4 channels], sizes rounded up and padded with zeros;
/// a square's pixels come as (row, column) 00 10 01 11.
void ck_join_squares(int64_t images, int64_t height, int64_t width, int64_t channels, const float *x, float *y);
/// The reverse; padding is lost.
void ck_part_squares(int64_t images, int64_t height, int64_t width, int64_t channels, const float *y, float *x);
