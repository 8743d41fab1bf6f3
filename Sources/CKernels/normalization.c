#include "CKernelsNormalization.h"

#include "kernel.h"

// x, addend, out (an output that says where the activation let through), dy and y are of `type`.
typedef struct {
    int64_t channels, block;
    int rectify;
    float ceiling;
    const void *x, *addend, *out, *dy;
    const float *mean, *deviation, *scale, *shift, *a, *b;
    void *y;
    float *norms;
    double *first, *second;
} norm;

INLINE void scale_shift_rows(void *context, int64_t begin, int64_t end, int32_t type) {
    const norm *k = context;
    const int64_t channels = k->channels;
    const void *x = k->x, *addend = k->addend;
    void *y = k->y;
    const float *scale = k->scale, *shift = k->shift, ceiling = k->rectify ? k->ceiling : INFINITY;
    const float floor = k->rectify ? 0 : -INFINITY;
    for (int64_t r = begin; r < end; r++) {
        const int64_t row = r * channels;
        // A NaN passes both comparisons.
        if (addend)
            for (int64_t c = 0; c < channels; c++) {
                const float v = load(x, row + c, type) * scale[c] + shift[c] + load(addend, row + c, type);
                store(y, row + c, v < floor ? floor : (v > ceiling ? ceiling : v), type);
            }
        else
            for (int64_t c = 0; c < channels; c++) {
                const float v = load(x, row + c, type) * scale[c] + shift[c];
                store(y, row + c, v < floor ? floor : (v > ceiling ? ceiling : v), type);
            }
    }
}
TYPED_BODIES(scale_shift_rows)
void ck_scale_shift(
    int32_t type, int64_t rows, int64_t channels, const void *x, const float *scale, const float *shift,
    const void *addend, int rectify, float ceiling, void *y) {
    norm k = {.channels = channels, .rectify = rectify, .ceiling = ceiling, .x = x, .addend = addend, .scale = scale,
              .shift = shift, .y = y};
    cthreading_for(rows, rows_per_piece(channels), TYPED(scale_shift_rows, type), &k);
}

INLINE float masked(const norm *k, int64_t i, int32_t type) {
    const float dy = load(k->dy, i, type);
    if (!k->out) return dy;
    const float out = load(k->out, i, type);
    return ((out > 0) & (out < k->ceiling)) ? dy : 0;
}

INLINE void scale_shift_backward_rows(void *context, int64_t begin, int64_t end, int32_t type) {
    const norm *k = context;
    for (int64_t r = begin; r < end; r++)
        for (int64_t c = 0, i = r * k->channels; c < k->channels; c++, i++)
            store(k->y, i, masked(k, i, type) * k->scale[c], type);
}
TYPED_BODIES(scale_shift_backward_rows)
void ck_scale_shift_backward(
    int32_t type, int64_t rows, int64_t channels, const void *y, float ceiling, const void *dy, const float *scale,
    void *dx) {
    norm k = {.channels = channels, .ceiling = ceiling, .out = y, .dy = dy, .scale = scale, .y = dx};
    cthreading_for(rows, rows_per_piece(channels), TYPED(scale_shift_backward_rows, type), &k);
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

INLINE void moments_strip(
    const norm *k, int64_t begin, int64_t end, int64_t first, int64_t lanes, int32_t type, double *sum,
    double *squares) {
    double s[STRIP] = {0}, q[STRIP] = {0};
    for (int64_t r = begin; r < end; r++)
        for (int64_t i = 0; i < lanes; i++) {
            const double x = load(k->x, r * k->channels + first + i, type);
            s[i] += x;
            q[i] += x * x;
        }
    for (int64_t i = 0; i < lanes; i++) {
        sum[first + i] = s[i];
        squares[first + i] = q[i];
    }
}
INLINE void moments_rows(void *context, int64_t begin, int64_t end, int32_t type) {
    const norm *k = context;
    const int64_t channels = k->channels, piece = begin / k->block;
    double *sum = k->first + piece * channels, *squares = k->second + piece * channels;
    int64_t c = 0;
    for (; c + STRIP <= channels; c += STRIP) moments_strip(k, begin, end, c, STRIP, type, sum, squares);
    if (c < channels) moments_strip(k, begin, end, c, channels - c, type, sum, squares);
}
TYPED_BODIES(moments_rows)
void ck_channel_moments(
    int32_t type, int64_t rows, int64_t channels, const void *x, double *sum, double *sum_of_squares) {
    norm k = {.channels = channels, .x = x};
    channel_sums(rows, &k, TYPED(moments_rows, type), sum, sum_of_squares);
}

INLINE void gradient_strip(
    const norm *k, int64_t begin, int64_t end, int64_t first, int64_t lanes, int32_t type, double *sum,
    double *normalized) {
    double s[STRIP] = {0}, n[STRIP] = {0};
    float mean[STRIP], deviation[STRIP];
    for (int64_t i = 0; i < lanes; i++) {
        mean[i] = k->mean[first + i];
        deviation[i] = k->deviation[first + i];
    }
    for (int64_t r = begin; r < end; r++)
        for (int64_t i = 0; i < lanes; i++) {
            const int64_t at = r * k->channels + first + i;
            const float g = masked(k, at, type);
            s[i] += g;
            n[i] += (double)g * ((load(k->x, at, type) - mean[i]) * deviation[i]);
        }
    for (int64_t i = 0; i < lanes; i++) {
        sum[first + i] = s[i];
        normalized[first + i] = n[i];
    }
}
INLINE void gradient_sums_rows(void *context, int64_t begin, int64_t end, int32_t type) {
    const norm *k = context;
    const int64_t channels = k->channels, piece = begin / k->block;
    double *sum = k->first + piece * channels, *normalized = k->second + piece * channels;
    int64_t c = 0;
    for (; c + STRIP <= channels; c += STRIP) gradient_strip(k, begin, end, c, STRIP, type, sum, normalized);
    if (c < channels) gradient_strip(k, begin, end, c, channels - c, type, sum, normalized);
}
TYPED_BODIES(gradient_sums_rows)
void ck_batch_norm_gradient_sums(
    int32_t type, int64_t rows, int64_t channels, const void *x, const void *y, float ceiling, const void *dy,
    const float *mean, const float *inverse_deviation, double *sum, double *sum_normalized) {
    norm k = {.channels = channels, .ceiling = ceiling, .x = x, .out = y, .dy = dy, .mean = mean,
              .deviation = inverse_deviation};
    channel_sums(rows, &k, TYPED(gradient_sums_rows, type), sum, sum_normalized);
}

INLINE void batch_norm_backward_rows(void *context, int64_t begin, int64_t end, int32_t type) {
    const norm *k = context;
    for (int64_t r = begin; r < end; r++)
        for (int64_t c = 0, i = r * k->channels; c < k->channels; c++, i++) {
            const float normalized = (load(k->x, i, type) - k->mean[c]) * k->deviation[c];
            store(
                k->y, i, k->scale[c] * k->deviation[c] * (masked(k, i, type) - k->a[c] - normalized * k->b[c]),
                type);
        }
}
TYPED_BODIES(batch_norm_backward_rows)
void ck_batch_norm_backward(
    int32_t type, int64_t rows, int64_t channels, const void *x, const void *y, float ceiling, const void *dy,
    const float *mean, const float *inverse_deviation, const float *scale, const float *mean_gradient,
    const float *mean_normalized_gradient, void *dx) {
    norm k = {.channels = channels, .ceiling = ceiling, .x = x, .out = y, .dy = dy, .mean = mean,
              .deviation = inverse_deviation, .scale = scale, .a = mean_gradient, .b = mean_normalized_gradient,
              .y = dx};
    cthreading_for(rows, rows_per_piece(channels), TYPED(batch_norm_backward_rows, type), &k);
}

CLONES static void normalize_body(void *context, int64_t begin, int64_t end) {
#pragma clang fp reassociate(on)
    const norm *k = context;
    const int64_t channels = k->channels;
    for (int64_t r = begin; r < end; r++) {
        const float *x = (const float *)k->x + r * channels;
        float *y = (float *)k->y + r * channels, squares = 0;
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
        const float *y = (const float *)k->x + r * channels, *dy = (const float *)k->dy + r * channels;
        float *dx = (float *)k->y + r * channels, dot = 0;
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
    int32_t type, int64_t images, int64_t rows, int64_t channels, int64_t groups, const void *x, const float *weight,
    const float *bias, float epsilon, int rectify, float ceiling, void *y, float *mean, float *inverse_deviation) {
    const int64_t width = channels / groups, size = rows * channels * (int64_t)bytes_of(type);
    const double count = (double)max64(1, rows * width);
    double *sums = doubles(2 * channels), *squares = sums + channels;
    float *scale = malloc((size_t)max64(1, 2 * channels) * sizeof(float)), *shift = scale + channels;
    if (!scale) abort();
    for (int64_t n = 0; n < images; n++, mean += channels, inverse_deviation += channels) {
        ck_channel_moments(type, rows, channels, (const char *)x + n * size, sums, squares);
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
        ck_scale_shift(
            type, rows, channels, (const char *)x + n * size, scale, shift, NULL, rectify, ceiling,
            (char *)y + n * size);
    }
    free(sums);
    free(scale);
}

// dx = scale dy - a - (x - mean) b, with the group's means of the gradient in a and b.
INLINE void group_norm_backward_rows(void *context, int64_t begin, int64_t end, int32_t type) {
    const norm *k = context;
    for (int64_t r = begin; r < end; r++)
        for (int64_t c = 0, i = r * k->channels; c < k->channels; c++, i++)
            store(
                k->y, i,
                masked(k, i, type) * k->scale[c] - k->a[c] - (load(k->x, i, type) - k->mean[c]) * k->b[c], type);
}
TYPED_BODIES(group_norm_backward_rows)
void ck_group_norm_backward(
    int32_t type, int64_t images, int64_t rows, int64_t channels, int64_t groups, const void *x, const void *y,
    float ceiling, const void *dy, const float *mean, const float *inverse_deviation, const float *weight, void *dx,
    double *sum, double *sum_normalized) {
    const int64_t width = channels / groups, size = rows * channels * (int64_t)bytes_of(type);
    const double count = (double)max64(1, rows * width);
    double *plain = doubles(2 * channels), *normalized = plain + channels;
    float *scale = malloc((size_t)max64(1, 3 * channels) * sizeof(float)), *a = scale + channels, *b = a + channels;
    if (!scale) abort();
    for (int64_t c = 0; c < channels; c++) sum[c] = sum_normalized[c] = 0;
    for (int64_t n = 0; n < images; n++, mean += channels, inverse_deviation += channels) {
        norm k = {.channels = channels, .ceiling = ceiling, .x = (const char *)x + n * size,
                  .out = y ? (const char *)y + n * size : NULL, .dy = (const char *)dy + n * size, .mean = mean,
                  .deviation = inverse_deviation};
        channel_sums(rows, &k, TYPED(gradient_sums_rows, type), plain, normalized);
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
        k.y = (char *)dx + n * size;
        cthreading_for(rows, rows_per_piece(channels), TYPED(group_norm_backward_rows, type), &k);
    }
    free(plain);
    free(scale);
}
