#pragma once
#include <stdint.h>

/// Sigmoid focal loss summed over rows and classes: -alpha_t (1 - p_t)^gamma ln p_t (Lin et al. 2017, eq. 5).
/// logits [rows, classes]; labels [rows]: 0 ..< classes a class, `classes` background, -1 ignored (no loss, gradient 0).
/// `gradient` gets the derivative of the sum by the logits.
double ck_focal_loss(
    int64_t rows, int64_t classes, float alpha, float gamma, const float *logits, const int32_t *labels,
    float *gradient);

/// One block of rows of the contrastive loss over a block of the Gram matrix.
/// - similarities [rows, columns]: query . candidate / temperature; overwritten by d(loss)/d(similarity).
/// - query_labels [rows]; candidate_labels [columns]; a candidate is a negative of a query where labels differ.
/// - keys: columns, key_begin[r] ..< key_end[r] of them those that query r is drawn to; all of the query's label.
/// - pair_weight [rows]: weight of each (query, key) pair of that query.
/// - Returns the weighted sum over pairs of -ln(e^s / (e^s + sum over negatives e^n)).
double ck_contrastive_rows(
    int64_t rows, int64_t columns, const int32_t *query_labels, const int32_t *candidate_labels, const int32_t *keys,
    const int64_t *key_begin, const int64_t *key_end, const float *pair_weight, float *similarities);
