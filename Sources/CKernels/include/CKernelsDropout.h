#pragma once
#include <stdint.h>

/// A stream of random words: Philox 4x32 with 10 rounds under `key`, counter (block, stream).
typedef struct {
    uint32_t key[2], stream[3];
} ck_random_stream;

/// y[i] = x[i] / (1 - rate), or 0 where number first + i of the stream, uniform in [0, 1), is below `rate`: a
/// number is the upper 24 bits of a word. In place allowed.
void ck_dropout(
    const ck_random_stream *stream, int64_t first, int64_t count, float rate, const float *x, float *y);
