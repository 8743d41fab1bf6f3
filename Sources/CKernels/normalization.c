#include "CKernelsNormalization.h"

#include "kernel.h"

typedef struct {
    int64_t channels, block;
    int rectify;
    float ceiling;
    const float *x, *out, *dy, *mean, *deviation, *scale, *shift, *a, *b;
    float *y, *norms;
    double *first, *second;
} norm;

CLONES static void scale_shift_body(void *context, int64_t begin, int64_t end) {
    const norm *k = context;
    const int64_t channels = k->channels;
    for (int64_t r = begin; r < end; r++) {
        const float *x = k->x + r * channels;
        float *y = k->y + r * channels;
        if (k->rectify)
            for (int64_t c = 0; c < channels; c++) {
                const float v = x[c] * k->scale[c] + k->shift[c];
                y[c] = v < 0 ? 0 : (v > k->ceiling ? k->ceiling : v);
            }
        else
            for (int64_t c = 0; c < channels; c++) y[c] = x[c] * k->scale[c] + k->shift[c];
    }
}
void ck_scale_shift(
    int64_t rows, int64_t channels, const float *x, const float *scale, const float *shift, int rectify, float ceiling,
    float *y) {
    norm k = {.channels = channels, .rectify = rectify, .ceiling = ceiling, .x = x, .scale = scale, .shift = shift,
              .y = y};
    cthreading_for(rows, rows_per_piece(channels), scale_shift_body, &k);
}

INLINE float masked(const norm *k, int64_t i) {
    return !k->out || ((k->out[i] > 0) & (k->out[i] < k->ceiling)) ? k->dy[i] : 0;
}

CLONES static void scale_shift_backward_body(void *context, int64_t begin, int64_t end) {
    const norm *k = context;
    for (int64_t r = begin; r < end; r++)
        for (int64_t c = 0, i = r * k->channels; c < k->channels; c++, i++) k->y[i] = masked(k, i) * k->scale[c];
}
void ck_scale_shift_backward(
    int64_t rows, int64_t channels, const float *y, float ceiling, const float *dy, const float *scale, float *dx) {
    norm k = {.channels = channels, .ceiling = ceiling, .out = y, .dy = dy, .scale = scale, .y = dx};
    cthreading_for(rows, rows_per_piece(channels), scale_shift_backward_body, &k);
}

// Two per-channel sums over rows: one pair of partial rows a piece, added up in order.
static void channel_sums(int64_t rows, norm *k, cthreading_body body, double *first, double *second) {
    const int64_t channels = k->channels;
    k->block = max64(64, rows_per_piece(channels));
    const int64_t pieces = (rows + k->block - 1) / k->block;
    k->first = malloc((size_t)max64(1, 2 * pieces * channels) * sizeof(double));
    if (!k->first) abort();
    k->second = k->first + pieces * channels;
    cthreading_for(rows, k->block, body, k);
    for (int64_t c = 0; c < channels; c++) first[c] = second[c] = 0;
    for (int64_t p = 0; p < pieces; p++)
        for (int64_t c = 0; c < channels; c++) {
            first[c] += k->first[p * channels + c];
            second[c] += k->second[p * channels + c];
        }
    free(k->first);
}

CLONES static void moments_body(void *context, int64_t begin, int64_t end) {
    const norm *k = context;
    const int64_t channels = k->channels, piece = begin / k->block;
    double *sum = k->first + piece * channels, *squares = k->second + piece * channels;
    for (int64_t c = 0; c < channels; c++) sum[c] = squares[c] = 0;
    for (int64_t r = begin; r < end; r++) {
        const float *x = k->x + r * channels;
        for (int64_t c = 0; c < channels; c++) {
            sum[c] += x[c];
            squares[c] += (double)x[c] * x[c];
        }
    }
}
void ck_channel_moments(int64_t rows, int64_t channels, const float *x, double *sum, double *sum_of_squares) {
    norm k = {.channels = channels, .x = x};
    channel_sums(rows, &k, moments_body, sum, sum_of_squares);
}

CLONES static void gradient_sums_body(void *context, int64_t begin, int64_t end) {
    const norm *k = context;
    const int64_t channels = k->channels, piece = begin / k->block;
    double *sum = k->first + piece * channels, *normalized = k->second + piece * channels;
    for (int64_t c = 0; c < channels; c++) sum[c] = normalized[c] = 0;
    for (int64_t r = begin; r < end; r++)
        for (int64_t c = 0, i = r * channels; c < channels; c++, i++) {
            const float g = masked(k, i);
            sum[c] += g;
            normalized[c] += (double)g * ((k->x[i] - k->mean[c]) * k->deviation[c]);
        }
}
void ck_batch_norm_gradient_sums(
    int64_t rows, int64_t channels, const float *x, const float *y, float ceiling, const float *dy, const float *mean,
    const float *inverse_deviation, double *sum, double *sum_normalized) {
    norm k = {.channels = channels, .ceiling = ceiling, .x = x, .out = y, .dy = dy, .mean = mean,
              .deviation = inverse_deviation};
    channel_sums(rows, &k, gradient_sums_body, sum, sum_normalized);
}

CLONES static void batch_norm_backward_body(void *context, int64_t begin, int64_t end) {
    const norm *k = context;
    for (int64_t r = begin; r < end; r++)
        for (int64_t c = 0, i = r * k->channels; c < k->channels; c++, i++) {
            const float normalized = (k->x[i] - k->mean[c]) * k->deviation[c];
            k->y[i] = k->scale[c] * k->deviation[c] * (masked(k, i) - k->a[c] - normalized * k->b[c]);
        }
}
void ck_batch_norm_backward(
    int64_t rows, int64_t channels, const float *x, const float *y, float ceiling, const float *dy, const float *mean,
    const float *inverse_deviation, const float *scale, const float *mean_gradient,
    const float *mean_normalized_gradient, float *dx) {
    norm k = {.channels = channels, .ceiling = ceiling, .x = x, .out = y, .dy = dy, .mean = mean,
              .deviation = inverse_deviation, .scale = scale, .a = mean_gradient, .b = mean_normalized_gradient,
              .y = dx};
    cthreading_for(rows, rows_per_piece(channels), batch_norm_backward_body, &k);
}

CLONES static void normalize_body(void *context, int64_t begin, int64_t end) {
#pragma clang fp reassociate(on)
    const norm *k = context;
    const int64_t channels = k->channels;
    for (int64_t r = begin; r < end; r++) {
        const float *x = k->x + r * channels;
        float *y = k->y + r * channels, squares = 0;
        for (int64_t c = 0; c < channels; c++) squares += x[c] * x[c];
        const float length = fmaxf(sqrtf(squares), k->ceiling), inverse = 1.0f / length;
        for (int64_t c = 0; c < channels; c++) y[c] = x[c] * inverse;
        k->norms[r] = length;
    }
}
void ck_normalize_rows(int64_t rows, int64_t channels, float epsilon, const float *x, float *y, float *norms) {
    norm k = {.channels = channels, .ceiling = epsilon, .x = x, .y = y, .norms = norms};
    cthreading_for(rows, rows_per_piece(channels), normalize_body, &k);
}

CLONES static void normalize_backward_body(void *context, int64_t begin, int64_t end) {
#pragma clang fp reassociate(on)
    const norm *k = context;
    const int64_t channels = k->channels;
    for (int64_t r = begin; r < end; r++) {
        const float *y = k->x + r * channels, *dy = k->dy + r * channels;
        float *dx = k->y + r * channels, dot = 0;
        for (int64_t c = 0; c < channels; c++) dot += y[c] * dy[c];
        const float inverse = 1.0f / k->norms[r];
        for (int64_t c = 0; c < channels; c++) dx[c] = (dy[c] - y[c] * dot) * inverse;
    }
}
void ck_normalize_rows_backward(
    int64_t rows, int64_t channels, const float *y, const float *norms, const float *dy, float *dx) {
    norm k = {.channels = channels, .x = y, .dy = dy, .norms = (float *)norms, .y = dx};
    cthreading_for(rows, rows_per_piece(channels), normalize_backward_body, &k);
}
