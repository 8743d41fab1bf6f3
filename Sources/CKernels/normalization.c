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

static double *doubles(int64_t count) {
    double *memory = malloc((size_t)max64(1, count) * sizeof(double));
    if (!memory) abort();
    return memory;
}

void ck_group_norm(
    int64_t images, int64_t rows, int64_t channels, int64_t groups, const float *x, const float *weight,
    const float *bias, float epsilon, int rectify, float ceiling, float *y, float *mean, float *inverse_deviation) {
    const int64_t width = channels / groups, size = rows * channels;
    const double count = (double)max64(1, rows * width);
    double *sums = doubles(2 * channels), *squares = sums + channels;
    float *scale = malloc((size_t)max64(1, 2 * channels) * sizeof(float)), *shift = scale + channels;
    if (!scale) abort();
    for (int64_t n = 0; n < images; n++, mean += channels, inverse_deviation += channels) {
        ck_channel_moments(rows, channels, x + n * size, sums, squares);
        for (int64_t first = 0; first < channels; first += width) {
            double sum = 0, square = 0;
            for (int64_t c = first; c < first + width; c++) {
                sum += sums[c];
                square += squares[c];
            }
            const double m = sum / count, variance = fmax(0, square / count - m * m);
            const double inverse = 1 / sqrt(variance + (double)epsilon);
            for (int64_t c = first; c < first + width; c++) {
                mean[c] = (float)m;
                inverse_deviation[c] = (float)inverse;
                scale[c] = (float)(weight[c] * inverse);
                shift[c] = (float)(bias[c] - m * weight[c] * inverse);
            }
        }
        ck_scale_shift(rows, channels, x + n * size, scale, shift, rectify, ceiling, y + n * size);
    }
    free(sums);
    free(scale);
}

// dx = scale dy - a - (x - mean) b, with the group's means of the gradient in a and b.
CLONES static void group_norm_backward_body(void *context, int64_t begin, int64_t end) {
    const norm *k = context;
    for (int64_t r = begin; r < end; r++)
        for (int64_t c = 0, i = r * k->channels; c < k->channels; c++, i++)
            k->y[i] = masked(k, i) * k->scale[c] - k->a[c] - (k->x[i] - k->mean[c]) * k->b[c];
}
void ck_group_norm_backward(
    int64_t images, int64_t rows, int64_t channels, int64_t groups, const float *x, const float *y, float ceiling,
    const float *dy, const float *mean, const float *inverse_deviation, const float *weight, float *dx, double *sum,
    double *sum_normalized) {
    const int64_t width = channels / groups, size = rows * channels;
    const double count = (double)max64(1, rows * width);
    double *plain = doubles(2 * channels), *normalized = plain + channels;
    float *scale = malloc((size_t)max64(1, 3 * channels) * sizeof(float)), *a = scale + channels, *b = a + channels;
    if (!scale) abort();
    for (int64_t c = 0; c < channels; c++) sum[c] = sum_normalized[c] = 0;
    for (int64_t n = 0; n < images; n++, mean += channels, inverse_deviation += channels) {
        norm k = {.channels = channels, .ceiling = ceiling, .x = x + n * size, .out = y ? y + n * size : NULL,
                  .dy = dy + n * size, .mean = mean, .deviation = inverse_deviation};
        channel_sums(rows, &k, gradient_sums_body, plain, normalized);
        for (int64_t first = 0; first < channels; first += width) {
            double level = 0, slope = 0;
            for (int64_t c = first; c < first + width; c++) {
                sum[c] += plain[c];
                sum_normalized[c] += normalized[c];
                level += weight[c] * plain[c];
                slope += weight[c] * normalized[c];
            }
            const double inverse = inverse_deviation[first];
            for (int64_t c = first; c < first + width; c++) {
                scale[c] = (float)(weight[c] * inverse);
                a[c] = (float)(inverse * level / count);
                b[c] = (float)(inverse * inverse * slope / count);
            }
        }
        if (!dx) continue;
        k.scale = scale;
        k.a = a;
        k.b = b;
        k.y = dx + n * size;
        cthreading_for(rows, rows_per_piece(channels), group_norm_backward_body, &k);
    }
    free(plain);
    free(scale);
}
