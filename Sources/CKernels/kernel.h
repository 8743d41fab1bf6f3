#pragma once
// What every kernel file shares.
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "CKernelsTypes.h"
#include "CThreading.h"

#if defined(__x86_64__)
#define CLONES __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#else
#define CLONES
#endif
// Before a loop of known length: written out in full.
#define UNROLL _Pragma("clang loop unroll(full)")
#define INLINE static inline __attribute__((always_inline))

// Floats per piece of an elementwise loop: 64 KB stays in the second-level cache, and is large beside the call.
enum { CHUNK = 16384 };

// Channels whose sums over rows stay in registers: a cache line of 16-bit numbers.
enum { STRIP = 32 };

INLINE int64_t min64(int64_t a, int64_t b) { return a < b ? a : b; }
INLINE int64_t max64(int64_t a, int64_t b) { return a > b ? a : b; }

// Rows per piece so that a piece holds about CHUNK floats.
INLINE int64_t rows_per_piece(int64_t channels) { return max64(1, CHUNK / max64(1, channels)); }

// Element i of an array of `type`, as a float. `type` is a constant where a body is written out for each type, so that
// loops over these vectorise.
INLINE float load(const void *p, int64_t i, int32_t type) {
    if (type == CK_FLOAT32) return ((const float *)p)[i];
    union { uint32_t i; float f; } u = {(uint32_t)((const uint16_t *)p)[i] << 16};
    return u.f;
}

// Rounds to the nearest, ties to even; a NaN stays one. In integers: the instruction for it flushes small numbers to 0,
// and results would depend on the CPU.
INLINE void store(void *p, int64_t i, float value, int32_t type) {
    if (type == CK_FLOAT32) {
        ((float *)p)[i] = value;
        return;
    }
    union { float f; uint32_t i; } u = {value};
    const uint32_t rounded = (u.i + 0x7fff + (u.i >> 16 & 1)) >> 16, quiet = u.i >> 16 | 0x40;
    ((uint16_t *)p)[i] = (uint16_t)(value == value ? rounded : quiet);
}

INLINE size_t bytes_of(int32_t type) { return type == CK_FLOAT32 ? 4 : 2; }

// `name`_float32 and `name`_bfloat16: the parallel bodies of an INLINE function that takes the type last. TYPED picks one.
#define TYPED_BODIES(name)                                                              \
    CLONES static void name##_float32(void *context, int64_t begin, int64_t end) {      \
        name(context, begin, end, CK_FLOAT32);                                          \
    }                                                                                   \
    CLONES static void name##_bfloat16(void *context, int64_t begin, int64_t end) {     \
        name(context, begin, end, CK_BFLOAT16);                                         \
    }
#define TYPED(name, type) ((type) == CK_FLOAT32 ? name##_float32 : name##_bfloat16)

// e^x to 2 ulp for every finite x, branch-free so that loops over it vectorise: 2^k times a degree-6 polynomial on
// [-ln2/2, ln2/2] (Cody and Waite's two-part reduction).
INLINE float exp_f32(float x) {
    x = fminf(fmaxf(x, -87.33f), 88.72f);
    const float k = rintf(x * 1.44269504088896341f);
    const float r = (x - k * 0.693359375f) + k * 2.12194440e-4f;
    float p = 1.9875691500e-4f;
    p = p * r + 1.3981999507e-3f;
    p = p * r + 8.3334519073e-3f;
    p = p * r + 4.1665795894e-2f;
    p = p * r + 1.6666665459e-1f;
    p = p * r + 5.0000001201e-1f;
    p = p * r * r + r + 1.0f;
    // Two steps: 2^128 is not a float, but e^88.72 is.
    const int32_t n = (int32_t)k, half = n / 2;
    union { int32_t i; float f; } a = {(half + 127) << 23}, b = {(n - half + 127) << 23};
    return p * a.f * b.f;
}

// ln(1 + x) for 0 <= x <= 1 to 2 ulp: 2 atanh(x / (2 + x)) as a series in s^2, s <= 1/3.
INLINE float log1p_unit(float x) {
    const float s = x / (2.0f + x), z = s * s;
    float p = 0.0769230769f + z * 0.0666666667f;
    p = p * z + 0.0909090909f;
    p = p * z + 0.1111111111f;
    p = p * z + 0.1428571429f;
    p = p * z + 0.2f;
    p = p * z + 0.3333333333f;
    return 2.0f * s + 2.0f * s * z * p;
}
