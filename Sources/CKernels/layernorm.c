#include "CKernelsLayerNorm.h"

#include "kernel.h"

typedef struct {
    int64_t channels, block;
    float epsilon;
    const float *x, *weight, *bias, *dy;
    float *y, *mean, *deviation;
    double *first, *second;
} layer;

CLONES static void forward_body(void *context, int64_t begin, int64_t end) {
#pragma clang fp reassociate(on)
    const layer *k = context;
    const int64_t channels = k->channels;
    const float share = 1.0f / (float)channels;
    for (int64_t r = begin; r < end; r++) {
        const float *x = k->x + r * channels;
        float *y = k->y + r * channels, sum = 0, squares = 0;
        for (int64_t c = 0; c < channels; c++) sum += x[c];
        // Two passes: a variance from the sum of squares loses digits where the mean is large.
        const float mean = sum * share;
        for (int64_t c = 0; c < channels; c++) squares += (x[c] - mean) * (x[c] - mean);
        const float deviation = 1.0f / sqrtf(squares * share + k->epsilon);
        for (int64_t c = 0; c < channels; c++) y[c] = (x[c] - mean) * deviation * k->weight[c] + k->bias[c];
        k->mean[r] = mean;
        k->deviation[r] = deviation;
    }
}
void ck_layer_norm(
    int64_t rows, int64_t channels, float epsilon, const float *x, const float *weight, const float *bias, float *y,
    float *mean, float *inverse_deviation) {
    layer k = {.channels = channels, .epsilon = epsilon, .x = x, .weight = weight, .bias = bias, .y = y, .mean = mean,
               .deviation = inverse_deviation};
    cthreading_for(rows, rows_per_piece(channels), forward_body, &k);
}

CLONES static void backward_body(void *context, int64_t begin, int64_t end) {
#pragma clang fp reassociate(on)
    const layer *k = context;
    const int64_t channels = k->channels, piece = begin / k->block;
    const float share = 1.0f / (float)channels;
    double *first = k->first + piece * channels, *second = k->second + piece * channels;
    for (int64_t c = 0; c < channels; c++) first[c] = second[c] = 0;
    for (int64_t r = begin; r < end; r++) {
        const float *x = k->x + r * channels, *dy = k->dy + r * channels;
        const float mean = k->mean[r], deviation = k->deviation[r];
        for (int64_t c = 0; c < channels; c++) {
            first[c] += dy[c] * ((x[c] - mean) * deviation);
            second[c] += dy[c];
        }
        if (!k->y) continue;
        float plain = 0, scaled = 0;
        for (int64_t c = 0; c < channels; c++) {
            const float g = dy[c] * k->weight[c];
            plain += g;
            scaled += g * ((x[c] - mean) * deviation);
        }
        plain *= share;
        scaled *= share;
        float *dx = k->y + r * channels;
        for (int64_t c = 0; c < channels; c++)
            dx[c] = deviation * (dy[c] * k->weight[c] - plain - (x[c] - mean) * deviation * scaled);
    }
}
void ck_layer_norm_backward(
    int64_t rows, int64_t channels, const float *x, const float *mean, const float *inverse_deviation,
    const float *weight, const float *dy, float *dx, double *weight_sum, double *bias_sum) {
    layer k = {.channels = channels, .x = x, .weight = weight, .dy = dy, .y = dx, .mean = (float *)mean,
               .deviation = (float *)inverse_deviation};
    // One pair of partial rows a piece, added up in order: the same for any number of threads.
    k.block = max64(64, rows_per_piece(channels));
    const int64_t pieces = (rows + k.block - 1) / k.block;
    k.first = malloc((size_t)max64(1, 2 * pieces * channels) * sizeof(double));
    if (!k.first) abort();
    k.second = k.first + pieces * channels;
    cthreading_for(rows, k.block, backward_body, &k);
    for (int64_t c = 0; c < channels; c++) weight_sum[c] = bias_sum[c] = 0;
    for (int64_t p = 0; p < pieces; p++)
        for (int64_t c = 0; c < channels; c++) {
            weight_sum[c] += k.first[p * channels + c];
            bias_sum[c] += k.second[p * channels + c];
        }
    free(k.first);
}
