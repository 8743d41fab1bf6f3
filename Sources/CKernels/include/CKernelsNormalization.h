#pragma once
#include "CKernelsTypes.h"

/// Arrays given as `void *` are of `type` (CKernelsTypes.h); what goes per channel is in floats.

/// y[r,c] = x[r,c] scale[c] + shift[c] [+ addend[r,c]], then clipped to 0...ceiling if `rectify`. `addend` may be null;
/// `y` may be `x` or `addend`.
void ck_scale_shift(
    int32_t type, int64_t rows, int64_t channels, const void *x, const float *scale, const float *shift,
    const void *addend, int rectify, float ceiling, void *y);
/// dx = dy scale, with dy masked by 0 < y < ceiling where `y` is given (the output of a rectified ck_scale_shift).
void ck_scale_shift_backward(
    int32_t type, int64_t rows, int64_t channels, const void *y, float ceiling, const void *dy, const float *scale,
    void *dx);
/// Per channel, over rows, in double: sum of x and sum of x^2.
void ck_channel_moments(
    int32_t type, int64_t rows, int64_t channels, const void *x, double *sum, double *sum_of_squares);
/// Per channel, in double: sum of dy and sum of dy (x - mean) inverse_deviation; dy masked as above where `y` is given.
void ck_batch_norm_gradient_sums(
    int32_t type, int64_t rows, int64_t channels, const void *x, const void *y, float ceiling, const void *dy,
    const float *mean, const float *inverse_deviation, double *sum, double *sum_normalized);
/// dx = scale inverse_deviation (dy - mean_gradient - xhat mean_normalized_gradient); masked as above.
void ck_batch_norm_backward(
    int32_t type, int64_t rows, int64_t channels, const void *x, const void *y, float ceiling, const void *dy,
    const float *mean, const float *inverse_deviation, const float *scale, const float *mean_gradient,
    const float *mean_normalized_gradient, void *dx);
/// y = x / max(|x|, epsilon) per row; `norms` gets max(|x|, epsilon).
void ck_normalize_rows(int64_t rows, int64_t channels, float epsilon, const float *x, float *y, float *norms);
/// dx = (dy - y (y . dy)) / norm per row.
void ck_normalize_rows_backward(
    int64_t rows, int64_t channels, const float *y, const float *norms, const float *dy, float *dx);

/// Group normalization of images of `rows` pixels each, over all pixels and channels / groups neighbouring channels:
/// y = (x - mean) inverse_deviation weight[c] + bias[c], then clipped to 0...ceiling if `rectify`.
/// mean, inverse_deviation [images, channels] get each channel's group's, for the backward.
void ck_group_norm(
    int32_t type, int64_t images, int64_t rows, int64_t channels, int64_t groups, const void *x, const float *weight,
    const float *bias, float epsilon, int rectify, float ceiling, void *y, float *mean, float *inverse_deviation);
/// dy masked as above where `y` is given. dx may be null or `dy`; sum and sum_normalized [channels] get, over all images,
/// the sums of dy and of dy times the normalized x: the gradients of bias and weight.
void ck_group_norm_backward(
    int32_t type, int64_t images, int64_t rows, int64_t channels, int64_t groups, const void *x, const void *y,
    float ceiling, const void *dy, const float *mean, const float *inverse_deviation, const float *weight, void *dx,
    double *sum, double *sum_normalized);
