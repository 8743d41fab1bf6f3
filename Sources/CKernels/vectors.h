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
// x - 0 is x for every x, x + 0 is not: the compiler leaves nothing but the broadcast.
INLINE V NAME(splat)(float x) { return x - (V){}; }

// yes where the mask is set, else no; a NaN that was compared stays.
INLINE V NAME(select)(M mask, V yes, V no) { return (V)(((M)yes & mask) | ((M)no & ~mask)); }
