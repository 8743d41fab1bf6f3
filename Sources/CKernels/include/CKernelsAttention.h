#pragma once
#include <stdint.h>

/// Softmax of every row. In place allowed.
void ck_softmax(int64_t rows, int64_t channels, const float *x, float *y);
/// dx = y (dy - sum of dy y) per row. In place on dy allowed.
void ck_softmax_backward(int64_t rows, int64_t channels, const float *y, const float *dy, float *dx);

/// What is added to attention scores [rows, keys] before the softmax; each NULL where there is none.
typedef struct {
    /// [keys], not 0 for keys that nobody attends to.
    const uint8_t *padded;
    /// [rows, keys] each.
    const float *mask, *bias;
} ck_attention_terms;
/// Scores become probabilities; `largest` and `inverse` get each row's maximum and 1 / sum of e^(s -
/// maximum). A row without any key becomes 0.
void ck_attention_softmax(
    int64_t rows, int64_t keys, const ck_attention_terms *terms, float *scores, float *largest, float *inverse);
/// The same probabilities once more, from the maximum and sum that were given out.
void ck_attention_probabilities(
    int64_t rows, int64_t keys, const ck_attention_terms *terms, const float *largest, const float *inverse,
    float *scores);

/// y = x/2 (1 + erf(x / sqrt 2)), the error function to 2e-7. In place allowed.
void ck_gelu(int64_t count, const float *x, float *y);
/// dx = dy times the derivative at x. In place on dy allowed.
void ck_gelu_backward(int64_t count, const float *x, const float *dy, float *dx);
