#include "CKernelsLoss.h"

#include "kernel.h"

typedef struct {
    int64_t classes, block;
    float alpha, gamma;
    const float *logits;
    const int32_t *labels;
    float *gradient;
    double *partial;
} focal;

// With q = 1 - p, l = -ln p and s = +1 for the target class, -1 otherwise, p = sigmoid(s x):
// loss = a q^g l, and as dp/dx = s p q: d(loss)/dx = -s a q^g (g p l + q).
INLINE void focal_rows(void *context, int64_t begin, int64_t end, const int is_square) {
#pragma clang fp reassociate(on)
    const focal *k = context;
    const float gamma = is_square ? 2 : k->gamma;
    double total = 0;
    for (int64_t r = begin; r < end; r++) {
        const int32_t label = k->labels[r];
        const float *x = k->logits + r * k->classes;
        float *g = k->gradient + r * k->classes, row = 0;
        if (label < 0) {
            for (int64_t c = 0; c < k->classes; c++) g[c] = 0;
            continue;
        }
        for (int32_t c = 0; c < (int32_t)k->classes; c++) {
            const float sign = c == label ? 1.0f : -1.0f, weight = c == label ? k->alpha : 1 - k->alpha;
            const float z = sign * x[c], e = exp_f32(-fabsf(z)), inverse = 1.0f / (1.0f + e);
            const float p = z >= 0 ? inverse : e * inverse, q = z >= 0 ? e * inverse : inverse;
            const float nll = (z >= 0 ? 0 : -z) + log1p_unit(e);
            const float power = is_square ? q * q : powf(q, gamma);
            row += weight * power * nll;
            g[c] = -sign * weight * power * (gamma * p * nll + q);
        }
        total += row;
    }
    k->partial[begin / k->block] = total;
}
CLONES static void focal_square_body(void *context, int64_t begin, int64_t end) { focal_rows(context, begin, end, 1); }
CLONES static void focal_body(void *context, int64_t begin, int64_t end) { focal_rows(context, begin, end, 0); }

double ck_focal_loss(
    int64_t rows, int64_t classes, float alpha, float gamma, const float *logits, const int32_t *labels,
    float *gradient) {
    const int64_t block = max64(1, 4096 / max64(1, classes)), pieces = (rows + block - 1) / block;
    focal k = {classes, block, alpha, gamma, logits, labels, gradient,
               malloc((size_t)max64(1, pieces) * sizeof(double))};
    if (!k.partial) abort();
    cthreading_for(rows, block, gamma == 2 ? focal_square_body : focal_body, &k);
    double total = 0;
    for (int64_t i = 0; i < pieces; i++) total += k.partial[i];
    free(k.partial);
    return total;
}

typedef struct {
    int64_t columns;
    const int32_t *query_labels, *candidate_labels, *keys;
    const int64_t *key_begin, *key_end;
    const float *pair_weight;
    float *s;
    double *partial;
} contrast;

CLONES static void contrast_body(void *context, int64_t begin, int64_t end) {
#pragma clang fp reassociate(on)
    const contrast *k = context;
    const int64_t columns = k->columns;
    float *own = malloc((size_t)max64(1, columns) * sizeof(float));
    if (!own) abort();
    for (int64_t r = begin; r < end; r++) {
        float *s = k->s + r * columns;
        const int32_t label = k->query_labels[r], *keys = k->keys + k->key_begin[r], *labels = k->candidate_labels;
        const int64_t key_count = k->key_end[r] - k->key_begin[r];
        for (int64_t i = 0; i < key_count; i++) own[i] = s[keys[i]];
        // |s| <= 1 / temperature, so e^s needs no shift.
        float negatives = 0;
        for (int64_t j = 0; j < columns; j++) {
            const float e = exp_f32(s[j]), negative = labels[j] != label ? e : 0;
            s[j] = negative;
            negatives += negative;
        }
        const float weight = k->pair_weight[r];
        double loss = 0;
        float shared = 0;
        for (int64_t i = 0; i < key_count; i++) {
            const float denominator = exp_f32(own[i]) + negatives;
            loss += logf(denominator) - own[i];
            shared += 1.0f / denominator;
        }
        k->partial[r] = weight * loss;
        const float factor = weight * shared;
        for (int64_t j = 0; j < columns; j++) s[j] *= factor;
        for (int64_t i = 0; i < key_count; i++) {
            const float e = exp_f32(own[i]);
            s[keys[i]] = weight * (e / (e + negatives) - 1);
        }
    }
    free(own);
}
double ck_contrastive_rows(
    int64_t rows, int64_t columns, const int32_t *query_labels, const int32_t *candidate_labels, const int32_t *keys,
    const int64_t *key_begin, const int64_t *key_end, const float *pair_weight, float *similarities) {
    contrast k = {columns, query_labels, candidate_labels, keys, key_begin, key_end, pair_weight, similarities,
                  malloc((size_t)max64(1, rows) * sizeof(double))};
    if (!k.partial) abort();
    cthreading_for(rows, 4, contrast_body, &k);
    double total = 0;
    for (int64_t i = 0; i < rows; i++) total += k.partial[i];
    free(k.partial);
    return total;
}
