#include "CKernelsOptimizer.h"

#include "kernel.h"

typedef struct {
    float rate, momentum, decay, scale, beta1, beta2, rest1, rest2, epsilon, step, inverse_root;
    const float *gradient;
    float *first, *second, *parameter;
} sweep;

CLONES static void sgd_body(void *context, int64_t begin, int64_t end) {
    const sweep *k = context;
    for (int64_t i = begin; i < end; i++) {
        const float g = k->scale * k->gradient[i] + k->decay * k->parameter[i];
        const float v = k->momentum * k->first[i] + g;
        k->first[i] = v;
        k->parameter[i] -= k->rate * v;
    }
}
void ck_sgd(
    int64_t count, float rate, float momentum, float decay, float gradient_scale, const float *gradient,
    float *velocity, float *parameter) {
    sweep k = {.rate = rate, .momentum = momentum, .decay = decay, .scale = gradient_scale, .gradient = gradient,
               .first = velocity, .parameter = parameter};
    cthreading_for(count, CHUNK, sgd_body, &k);
}

CLONES static void adamw_body(void *context, int64_t begin, int64_t end) {
    const sweep *k = context;
    for (int64_t i = begin; i < end; i++) {
        const float g = k->scale * k->gradient[i];
        const float m = k->beta1 * k->first[i] + k->rest1 * g;
        const float v = k->beta2 * k->second[i] + k->rest2 * g * g;
        k->first[i] = m;
        k->second[i] = v;
        k->parameter[i] = k->parameter[i] * k->decay - k->step * m / (sqrtf(v) * k->inverse_root + k->epsilon);
    }
}
void ck_adamw(
    int64_t count, float rate, double beta1, double beta2, float epsilon, float decay, float gradient_scale,
    double correction1, double correction2, const float *gradient, float *first, float *second, float *parameter) {
    sweep k = {.decay = 1 - rate * decay, .scale = gradient_scale, .beta1 = (float)beta1, .beta2 = (float)beta2,
               .rest1 = (float)(1 - beta1), .rest2 = (float)(1 - beta2), .epsilon = epsilon,
               .step = (float)(rate / correction1), .inverse_root = (float)(1 / sqrt(correction2)),
               .gradient = gradient, .first = first, .second = second, .parameter = parameter};
    cthreading_for(count, CHUNK, adamw_body, &k);
}

CLONES static void average_body(void *context, int64_t begin, int64_t end) {
    const sweep *k = context;
    for (int64_t i = begin; i < end; i++)
        k->parameter[i] = k->momentum * k->parameter[i] + (1 - k->momentum) * k->gradient[i];
}
void ck_exponential_average(int64_t count, float momentum, const float *online, float *target) {
    sweep k = {.momentum = momentum, .gradient = online, .parameter = target};
    cthreading_for(count, CHUNK, average_body, &k);
}
