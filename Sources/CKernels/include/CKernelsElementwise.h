#pragma once
#include "CKernelsTypes.h"

/// Arrays given as `void *` are of `type` (CKernelsTypes.h).
/// out = a + b; `out` may be `a` or `b`.
void ck_add(int32_t type, int64_t count, const void *a, const void *b, void *out);
/// destination += factor * source
void ck_add_scaled(int64_t count, float factor, const float *source, float *destination);
/// values *= factor
void ck_scale(int64_t count, float factor, float *values);
/// y = min(max(x, 0), ceiling); pass INFINITY for a plain ReLU. In place allowed.
void ck_relu(int32_t type, int64_t count, float ceiling, const void *x, void *y);
/// dx = dy where 0 < y < ceiling, else 0. In place on dy allowed.
void ck_relu_backward(int32_t type, int64_t count, float ceiling, const void *y, const void *dy, void *dx);
/// out = a + b where 0 < y < ceiling, else 0; `out` may be `a` or `b`.
void ck_add_masked(
    int32_t type, int64_t count, float ceiling, const void *y, const void *a, const void *b, void *out);
/// y = 1 / (1 + e^-x)
void ck_sigmoid(int64_t count, const float *x, float *y);
/// dx = dy y (1 - y)
void ck_sigmoid_backward(int64_t count, const float *y, const float *dy, float *dx);
/// sum of x^2, in double over fixed pieces.
double ck_sum_of_squares(int64_t count, const float *x);
double ck_sum(int64_t count, const float *x);
/// 1 if no value is infinite or NaN.
int ck_all_finite(int64_t count, const float *x);
/// sums[c] (double) = sum over rows of x[row, c]
void ck_column_sums(int32_t type, int64_t rows, int64_t channels, const void *x, double *sums);
/// x[row, c] += bias[c]
void ck_add_bias(int64_t rows, int64_t channels, const float *bias, float *x);
/// destination[i, :] = source[index[i], :]; `source` is of `type`.
void ck_gather_rows(
    int32_t type, int64_t count, int64_t channels, const int32_t *index, const void *source, float *destination);
/// destination[index[i], :] += source[i, :], in the order of i.
void ck_scatter_add_rows(
    int64_t count, int64_t channels, const int32_t *index, const float *source, float *destination);
