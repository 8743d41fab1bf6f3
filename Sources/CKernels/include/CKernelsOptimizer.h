#pragma once
#include <stdint.h>

/// One sweep of SGD: g' = gradient_scale g + decay p; v = momentum v + g'; p -= rate v. `velocity` starts at 0.
void ck_sgd(
    int64_t count, float rate, float momentum, float decay, float gradient_scale, const float *gradient,
    float *velocity, float *parameter);
/// One sweep of AdamW: moments of gradient_scale g, decoupled decay p -= rate decay p, then
/// p -= rate (m / correction1) / (sqrt(v / correction2) + epsilon), where correction_i = 1 - beta_i^step.
/// The betas are double: 1 - 0.999f would be off by 1e-5.
void ck_adamw(
    int64_t count, float rate, double beta1, double beta2, float epsilon, float decay, float gradient_scale,
    double correction1, double correction2, const float *gradient, float *first, float *second, float *parameter);
/// target = momentum target + (1 - momentum) online
void ck_exponential_average(int64_t count, float momentum, const float *online, float *target);
