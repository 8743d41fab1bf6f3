#include "CKernelsAttention.h"

#include "kernel.h"

enum { LANES = 16 };

typedef struct {
    int64_t channels;
    const float *x, *dy;
    float *y;
} sweep;

// e^x, but a NaN stays a NaN: exp_f32 would make it e^-87, and a broken step would look sound.
INLINE float exp_or_nan(float x) {
    const float e = exp_f32(x);
    return x == x ? e : x;
}

INLINE float largest_of(const float *x, int64_t count) {
    float lanes[LANES], largest = -INFINITY;
    int64_t i = 0;
    UNROLL for (int l = 0; l < LANES; l++) lanes[l] = -INFINITY;
    for (; i + LANES <= count; i += LANES)
        UNROLL for (int l = 0; l < LANES; l++) lanes[l] = x[i + l] > lanes[l] ? x[i + l] : lanes[l];
    for (; i < count; i++) largest = x[i] > largest ? x[i] : largest;
    for (int l = 0; l < LANES; l++) largest = lanes[l] > largest ? lanes[l] : largest;
    return largest;
}

CLONES static void softmax_body(void *context, int64_t begin, int64_t end) {
#pragma clang fp reassociate(on)
    const sweep *k = context;
    const int64_t channels = k->channels;
    for (int64_t r = begin; r < end; r++) {
        const float *x = k->x + r * channels, largest = largest_of(x, channels);
        float *y = k->y + r * channels, sum = 0;
        for (int64_t c = 0; c < channels; c++) {
            y[c] = exp_or_nan(x[c] - largest);
            sum += y[c];
        }
        const float inverse = 1.0f / sum;
        for (int64_t c = 0; c < channels; c++) y[c] *= inverse;
    }
}
void ck_softmax(int64_t rows, int64_t channels, const float *x, float *y) {
    sweep k = {channels, x, 0, y};
    cthreading_for(rows, rows_per_piece(channels), softmax_body, &k);
}

CLONES static void softmax_backward_body(void *context, int64_t begin, int64_t end) {
#pragma clang fp reassociate(on)
    const sweep *k = context;
    const int64_t channels = k->channels;
    for (int64_t r = begin; r < end; r++) {
        const float *y = k->x + r * channels, *dy = k->dy + r * channels;
        float *dx = k->y + r * channels, sum = 0;
        for (int64_t c = 0; c < channels; c++) sum += dy[c] * y[c];
        for (int64_t c = 0; c < channels; c++) dx[c] = y[c] * (dy[c] - sum);
    }
}
void ck_softmax_backward(int64_t rows, int64_t channels, const float *y, const float *dy, float *dx) {
    sweep k = {channels, y, dy, dx};
    cthreading_for(rows, rows_per_piece(channels), softmax_backward_body, &k);
}

// Scores with their terms; padded keys at minus infinity.
INLINE void add_terms(const ck_attention_terms *terms, int64_t row, int64_t keys, float *s) {
    if (terms->bias) {
        const float *bias = terms->bias + row * keys;
        for (int64_t j = 0; j < keys; j++) s[j] += bias[j];
    }
    if (terms->mask) {
        const float *mask = terms->mask + row * keys;
        for (int64_t j = 0; j < keys; j++) s[j] += mask[j];
    }
    if (terms->padded)
        for (int64_t j = 0; j < keys; j++) s[j] = terms->padded[j] ? -INFINITY : s[j];
}

// exp_f32 of minus infinity is small, not 0.
INLINE float weight_of(float score, float largest) {
    return score == -INFINITY ? 0 : exp_or_nan(score - largest);
}

CLONES void ck_attention_softmax(
    int64_t rows, int64_t keys, const ck_attention_terms *terms, float *scores, float *largest, float *inverse) {
#pragma clang fp reassociate(on)
    for (int64_t r = 0; r < rows; r++) {
        float *s = scores + r * keys, sum = 0;
        add_terms(terms, r, keys, s);
        const float peak = largest_of(s, keys), top = peak == -INFINITY ? 0 : peak;
        for (int64_t j = 0; j < keys; j++) {
            s[j] = weight_of(s[j], top);
            sum += s[j];
        }
        const float factor = sum == 0 ? 0 : 1.0f / sum;
        for (int64_t j = 0; j < keys; j++) s[j] *= factor;
        largest[r] = top;
        inverse[r] = factor;
    }
}

CLONES void ck_attention_probabilities(
    int64_t rows, int64_t keys, const ck_attention_terms *terms, const float *largest, const float *inverse,
    float *scores) {
    for (int64_t r = 0; r < rows; r++) {
        float *s = scores + r * keys;
        add_terms(terms, r, keys, s);
        const float top = largest[r], factor = inverse[r];
        for (int64_t j = 0; j < keys; j++) s[j] = weight_of(s[j], top) * factor;
    }
}

// erf(z) = 1 - t (a1 + t (a2 + ...)) e^(-z^2), t = 1 / (1 + p z) for z >= 0, off by at most 1.5e-7
// (Abramowitz and Stegun 1964, 7.1.26). e^(-z^2) is wanted for the derivative too.
INLINE float error_function(float z, float gauss) {
    const float t = 1.0f / (1.0f + 0.3275911f * fabsf(z));
    float p = 1.061405429f;
    p = p * t - 1.453152027f;
    p = p * t + 1.421413741f;
    p = p * t - 0.284496736f;
    p = p * t + 0.254829592f;
    const float e = 1.0f - p * t * gauss;
    return z < 0 ? -e : e;
}

static const float root_half = 0.70710678118654752f;

CLONES static void gelu_body(void *context, int64_t begin, int64_t end) {
    const sweep *k = context;
    for (int64_t i = begin; i < end; i++) {
        const float x = k->x[i];
        k->y[i] = 0.5f * x * (1.0f + error_function(x * root_half, exp_or_nan(-0.5f * x * x)));
    }
}
void ck_gelu(int64_t count, const float *x, float *y) {
    sweep k = {0, x, 0, y};
    cthreading_for(count, CHUNK / 4, gelu_body, &k);
}

CLONES static void gelu_backward_body(void *context, int64_t begin, int64_t end) {
    const sweep *k = context;
    for (int64_t i = begin; i < end; i++) {
        const float x = k->x[i], gauss = exp_or_nan(-0.5f * x * x);
        // 1 / sqrt(2 pi) is the normal density's height.
        const float slope = 0.5f * (1.0f + error_function(x * root_half, gauss)) + x * gauss * 0.39894228040143268f;
        k->y[i] = k->dy[i] * slope;
    }
}
void ck_gelu_backward(int64_t count, const float *x, const float *dy, float *dx) {
    sweep k = {0, x, dy, dx};
    cthreading_for(count, CHUNK / 4, gelu_backward_body, &k);
}
