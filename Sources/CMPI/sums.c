// Arithmetic on the memory of a node's ranks; no call of MPI is made here.
#include "CMPI.h"
#include "elements.h"

#include <string.h>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

// One binary for several vector widths; the loader picks. Other processors take the compiler's baseline.
#if defined(__x86_64__)
#define VECTOR_CLONES __attribute__((target_clones("avx512f", "avx2", "default")))
#else
#define VECTOR_CLONES
#endif

VECTOR_CLONES
void cmpi_add_floats(float *target, const float *source, int64_t count) {
    float *restrict sum = target;
    const float *restrict term = source;
    for (int64_t i = 0; i < count; i++) sum[i] += term[i];
}

// Element i of the target may be element i of a source, which forbids `restrict` but not vectors.
VECTOR_CLONES
static void sumOfTwo(float *target, const float *first, const float *second, int64_t count) {
#pragma clang loop vectorize(assume_safety)
    for (int64_t i = 0; i < count; i++) target[i] = first[i] + second[i];
}

// Past the caches: a line that is written whole need not be read first, which saves a third of the traffic.
static void storeFloats(float *target, const float *source, int64_t count) {
#if defined(__SSE2__)
    int64_t head = (int64_t)(-(uintptr_t)target / sizeof(float) % 16);
    if (head > count) head = count;
    memcpy(target, source, (size_t)head * sizeof(float));
    int64_t i = head;
    for (; i + 16 <= count; i += 16) {
        __m128 a = _mm_loadu_ps(source + i), b = _mm_loadu_ps(source + i + 4);
        __m128 c = _mm_loadu_ps(source + i + 8), d = _mm_loadu_ps(source + i + 12);
        _mm_stream_ps(target + i, a);
        _mm_stream_ps(target + i + 4, b);
        _mm_stream_ps(target + i + 8, c);
        _mm_stream_ps(target + i + 12, d);
    }
    memcpy(target + i, source + i, (size_t)(count - i) * sizeof(float));
    _mm_sfence();
#else
    memcpy(target, source, (size_t)count * sizeof(float));
#endif
}

void cmpi_copy_floats(float *target, const float *source, int64_t count, int past_caches) {
    if (past_caches) {
        storeFloats(target, source, count);
    } else {
        memcpy(target, source, (size_t)count * sizeof(float));
    }
}

// Blocks of 16 KB stay in the first-level cache while every source is added and the copy is written.
enum { BLOCK = 4096 };

void cmpi_sum_floats(
    float *target, float *copy, const float *const *sources, int sourceCount, int64_t count,
    int past_caches) {
    for (int64_t start = 0; start < count; start += BLOCK) {
        int64_t length = count - start < BLOCK ? count - start : BLOCK;
        float *sum = target + start;
        if (sourceCount == 1) {
            memmove(sum, sources[0] + start, (size_t)length * sizeof(float));
        } else if (sourceCount == 2) {
            sumOfTwo(sum, sources[0] + start, sources[1] + start, length);
        } else {
            float partial[BLOCK];
            sumOfTwo(partial, sources[0] + start, sources[1] + start, length);
            for (int s = 2; s < sourceCount - 1; s++) cmpi_add_floats(partial, sources[s] + start, length);
            // The target is written last: it may be any of the sources.
            sumOfTwo(sum, partial, sources[sourceCount - 1] + start, length);
        }
        if (copy) cmpi_copy_floats(copy + start, sum, length, past_caches);
    }
}

// Two ranks a node is common enough for a loop that leaves out the block between.
VECTOR_CLONES
static void sumOfTwoIntoBoth(float *first, float *second, int64_t count) {
#pragma clang loop vectorize(assume_safety)
    for (int64_t i = 0; i < count; i++) first[i] = second[i] = first[i] + second[i];
}

// The lines that are written were read just before, so that nothing is gained by going past the caches.
void cmpi_sum_into_all(float *const *parts, int partCount, int64_t count) {
    for (int64_t start = 0; start < count; start += BLOCK) {
        int64_t length = count - start < BLOCK ? count - start : BLOCK;
        if (partCount == 2) {
            sumOfTwoIntoBoth(parts[0] + start, parts[1] + start, length);
            continue;
        }
        _Alignas(64) float sum[BLOCK];
        memcpy(sum, parts[0] + start, (size_t)length * sizeof(float));
        for (int p = 1; p < partCount; p++) cmpi_add_floats(sum, parts[p] + start, length);
        for (int p = 0; p < partCount; p++) memcpy(parts[p] + start, sum, (size_t)length * sizeof(float));
    }
}

#define JOIN(NAME, TYPE)                                                                                       \
    VECTOR_CLONES                                                                                              \
    static void NAME(TYPE *restrict target, const TYPE *restrict source, int64_t count, enum cmpi_op op) {     \
        if (op == CMPI_SUM) {                                                                                  \
            for (int64_t i = 0; i < count; i++) target[i] += source[i];                                        \
        } else if (op == CMPI_MAX) {                                                                           \
            for (int64_t i = 0; i < count; i++) target[i] = source[i] > target[i] ? source[i] : target[i];     \
        } else {                                                                                               \
            for (int64_t i = 0; i < count; i++) target[i] = source[i] < target[i] ? source[i] : target[i];     \
        }                                                                                                      \
    }
JOIN(joinFloats, float)
JOIN(joinDoubles, double)
JOIN(joinIntegers, int64_t)

void cmpi_join(
    void *target, const void *const *sources, int sourceCount, int64_t count, enum cmpi_type type, enum cmpi_op op) {
    memcpy(target, sources[0], (size_t)(count * byteSize(type)));
    for (int s = 1; s < sourceCount; s++) {
        switch (type) {
        case CMPI_FLOAT: joinFloats(target, sources[s], count, op); break;
        case CMPI_DOUBLE: joinDoubles(target, sources[s], count, op); break;
        case CMPI_INT64: joinIntegers(target, sources[s], count, op); break;
        case CMPI_BYTE: break;
        }
    }
}

// MARK: bfloat16

// In whole numbers, so that every processor rounds alike: the instruction for it flushes the smallest ones to 0.
VECTOR_CLONES
void cmpi_round_to_bf16(uint16_t *restrict target, const float *restrict source, int64_t count) {
    for (int64_t i = 0; i < count; i++) {
        uint32_t bits;
        memcpy(&bits, source + i, sizeof bits);
        uint32_t rounded = (bits + 0x7fff + ((bits >> 16) & 1)) >> 16;
        uint32_t quiet = (bits >> 16) | 0x40;
        target[i] = (uint16_t)((bits & 0x7fffffff) > 0x7f800000 ? quiet : rounded);
    }
}

static inline float widened(uint16_t half) {
    uint32_t bits = (uint32_t)half << 16;
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

VECTOR_CLONES
void cmpi_widen_bf16(float *restrict target, const uint16_t *restrict source, int64_t count) {
    for (int64_t i = 0; i < count; i++) target[i] = widened(source[i]);
}

VECTOR_CLONES
void cmpi_add_bf16(float *restrict target, const uint16_t *restrict source, int64_t count) {
    for (int64_t i = 0; i < count; i++) target[i] += widened(source[i]);
}
