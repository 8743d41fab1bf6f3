#include "CKernelsDropout.h"

#include "kernel.h"

// Blocks of four words at a time, one a lane.
enum { LANES = 32 };

typedef struct {
    const ck_random_stream *stream;
    int64_t first;
    float limit, scale;
    const float *x;
    float *y;
} drop;

// Words 4 block ... 4 (block + LANES) - 1.
INLINE void fill(const ck_random_stream *stream, uint32_t block, uint32_t *words) {
    uint32_t a[LANES], b[LANES], c[LANES], d[LANES], k0 = stream->key[0], k1 = stream->key[1];
    for (int l = 0; l < LANES; l++) {
        a[l] = block + (uint32_t)l;
        b[l] = stream->stream[0];
        c[l] = stream->stream[1];
        d[l] = stream->stream[2];
    }
    for (int round = 0; round < 10; round++) {
        for (int l = 0; l < LANES; l++) {
            const uint64_t p = (uint64_t)a[l] * 0xD2511F53u, q = (uint64_t)c[l] * 0xCD9E8D57u;
            a[l] = (uint32_t)(q >> 32) ^ b[l] ^ k0;
            b[l] = (uint32_t)q;
            c[l] = (uint32_t)(p >> 32) ^ d[l] ^ k1;
            d[l] = (uint32_t)p;
        }
        k0 += 0x9E3779B9u;
        k1 += 0xBB67AE85u;
    }
    for (int l = 0; l < LANES; l++) {
        words[4 * l] = a[l];
        words[4 * l + 1] = b[l];
        words[4 * l + 2] = c[l];
        words[4 * l + 3] = d[l];
    }
}

CLONES static void drop_body(void *context, int64_t begin, int64_t end) {
    const drop *k = context;
    uint32_t words[4 * LANES];
    for (int64_t i = begin; i < end;) {
        const int64_t number = k->first + i, skipped = number % 4;
        fill(k->stream, (uint32_t)(number / 4), words);
        const int64_t count = min64(4 * LANES - skipped, end - i);
        for (int64_t j = 0; j < count; j++) {
            const float value = k->x[i + j] * k->scale;
            k->y[i + j] = (float)(int32_t)(words[skipped + j] >> 8) < k->limit ? 0 : value;
        }
        i += count;
    }
}
void ck_dropout(
    const ck_random_stream *stream, int64_t first, int64_t count, float rate, const float *x, float *y) {
    drop k = {stream, first, rate * 16777216.0f, 1.0f / (1.0f - rate), x, y};
    cthreading_for(count, CHUNK, drop_body, &k);
}
