#pragma once
#include <stdint.h>

/// Forward convolutions of any square kernel and stride as a sum of one matrix product for each tap, read from the map
/// where it lies. For strides above 1, where oneDNN's AVX2 code reaches a third to two thirds of the machine's rate.
///
/// Maps are NHWC, weights OIHW in one group, the padding less than the kernel, outputs a multiple of 16.
typedef struct {
    int64_t n, ih, iw, inputs, oh, ow, outputs, kernel, stride, padding;
} ck_strided_shape;

/// Floats of a packed weight.
int64_t ck_strided_packed_count(const ck_strided_shape *shape);
void ck_strided_pack(const ck_strided_shape *shape, const float *weight, float *packed);

/// y = activation(x * weight + bias [+ y]). `bias` may be null; `accumulates` adds what `y` holds; `rectifies` clips to
/// 0 ... ceiling.
void ck_strided_forward(
    const ck_strided_shape *shape, const float *x, const float *packed, const float *bias, int accumulates,
    int rectifies, float ceiling, float *y);
