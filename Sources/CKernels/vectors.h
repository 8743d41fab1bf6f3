// Vectors of one instruction set; included by instruction_sets.h.

typedef float V __attribute__((vector_size(VECTOR * 4), aligned(4)));
typedef int32_t M __attribute__((vector_size(VECTOR * 4), aligned(4)));

INLINE V NAME(load)(const float *p) { return *(const V *)p; }
INLINE void NAME(store)(float *p, V v) { *(V *)p = v; }
// The first `count` floats of a vector, or all of them where there are more.
INLINE V NAME(load_some)(const float *p, int64_t count) {
    if (count >= VECTOR) return NAME(load)(p);
    V v = {};
    memcpy(&v, p, (size_t)count * 4);
    return v;
}
INLINE void NAME(store_some)(float *p, V v, int64_t count) {
    if (count >= VECTOR)
        NAME(store)(p, v);
    else
        memcpy(p, &v, (size_t)count * 4);
}
// As many numbers of 16 bits, and their places in 32; `load` and `store` of kernel.h for vectors.
typedef uint16_t NAME(halves) __attribute__((vector_size(VECTOR * 2), aligned(2)));
typedef uint32_t NAME(words) __attribute__((vector_size(VECTOR * 4)));

// Elements i, i + 1, ... of an array of `type`; no more than `count`, the others are 0.
INLINE V NAME(load_typed)(const void *p, int64_t i, int64_t count, int32_t type) {
    if (type == CK_FLOAT32) return NAME(load_some)((const float *)p + i, count);
    NAME(halves) h = {};
    if (count >= VECTOR)
        h = *(const NAME(halves) *)((const uint16_t *)p + i);
    else
        memcpy(&h, (const uint16_t *)p + i, (size_t)count * 2);
    return (V)(__builtin_convertvector(h, NAME(words)) << 16);
}
INLINE void NAME(store_typed)(void *p, int64_t i, V v, int64_t count, int32_t type) {
    if (type == CK_FLOAT32) {
        NAME(store_some)((float *)p + i, v, count);
        return;
    }
    const NAME(words) u = (NAME(words))v, nan = (NAME(words))(v != v);
    const NAME(words) rounded = (u + 0x7fff + (u >> 16 & 1)) >> 16, quiet = u >> 16 | 0x40;
    const NAME(halves) h = __builtin_convertvector((rounded & ~nan) | (quiet & nan), NAME(halves));
    if (count >= VECTOR)
        *(NAME(halves) *)((uint16_t *)p + i) = h;
    else
        memcpy((uint16_t *)p + i, &h, (size_t)count * 2);
}
// x - 0 is x for every x, x + 0 is not: the compiler leaves nothing but the broadcast.
INLINE V NAME(splat)(float x) { return x - (V){}; }

// yes where the mask is set, else no; a NaN that was compared stays.
INLINE V NAME(select)(M mask, V yes, V no) { return (V)(((M)yes & mask) | ((M)no & ~mask)); }
