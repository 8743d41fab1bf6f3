#pragma once
#include <stdint.h>

/// y[r,c] = (x[r,c] - mean[r]) deviation[r] weight[c] + bias[c], with each row's mean and 1 / sqrt(variance +
/// epsilon), which are given out.
void ck_layer_norm(
    int64_t rows, int64_t channels, float epsilon, const float *x, const float *weight, const float *bias, float *y,
    float *mean, float *inverse_deviation);
/// With n = (x - mean) deviation: per channel, in double, the sums over rows of dy n and of dy; and, unless
/// it is NULL, dx = deviation (g - mean of g - n times mean of g n) with g = dy weight. dx may be dy.
void ck_layer_norm_backward(
    int64_t rows, int64_t channels, const float *x, const float *mean, const float *inverse_deviation,
    const float *weight, const float *dy, float *dx, double *weight_sum, double *bias_sum);
