// The vector code of winograd.c for one instruction set; see instruction_sets.h.

// Bᵀ d for the points 0, 1, -1, 1/2, -2 and infinity.
INLINE void NAME(transform_input)(const V d[6], V t[6]) {
    const V e = d[4] - d[2], f = d[3] - d[1];
    t[0] = d[0] - d[2] + e + 1.5f * f;
    t[1] = e + f + 1.5f * (d[2] + d[3]);
    t[2] = e - f + 1.5f * (d[3] - d[2]);
    t[3] = e + 2.0f * f;
    t[4] = e - 0.5f * f;
    t[5] = d[5] - d[3] - f + 1.5f * e;
}

// Aᵀ m: `outputs` of the four sums a tile of six points gives; the last takes the point at infinity.
INLINE void NAME(transform_output)(const V m[6], V y[4], const int outputs) {
    const V s = m[1] + m[2], q = m[1] - m[2];
    y[0] = m[0] + s + m[3] + m[4];
    y[1] = q + 0.5f * m[3] - 2.0f * m[4];
    y[2] = s + 0.25f * m[3] + 4.0f * m[4];
    if (outputs == 3)
        y[2] += m[5];
    else
        y[3] = q + 0.125f * m[3] - 8.0f * m[4] + m[5];
}

// G g for a filter of three or four taps.
INLINE void NAME(transform_filter)(const V *g, V u[6], const int taps) {
    V even = g[0] + g[2], odd = g[1], half = -16.0f / 15 * g[0] - 8.0f / 15 * g[1] - 4.0f / 15 * g[2];
    V two = 1.0f / 15 * g[0] - 2.0f / 15 * g[1] + 4.0f / 15 * g[2];
    if (taps == 4) {
        odd += g[3];
        half -= 2.0f / 15 * g[3];
        two -= 8.0f / 15 * g[3];
    }
    u[0] = g[0];
    u[1] = 1.0f / 3 * (odd + even);
    u[2] = 1.0f / 3 * (odd - even);
    u[3] = half;
    u[4] = two;
    u[5] = g[taps - 1];
}

// One tile's 6x6 pixels to its 36 points. Channel c of point p goes to out[p * stride + c / 16 * panel + c % 16]; the
// last vector is filled up with zeros.
INLINE void NAME(input_tile)(
    const void *const pixels[36], int64_t channels, float *out, int64_t stride, int64_t panel, int32_t type) {
    for (int64_t c = 0; c < channels; c += VECTOR) {
        V rows[6][6];
        UNROLL for (int x = 0; x < 6; x++) {
            V d[6], t[6];
            UNROLL for (int y = 0; y < 6; y++) 
                d[y] = NAME(load_typed)(pixels[y * 6 + x], c, channels - c, type);
            NAME(transform_input)(d, t);
            UNROLL for (int y = 0; y < 6; y++) rows[y][x] = t[y];
        }
        float *to = out + c / 16 * panel + c % 16;
        UNROLL for (int y = 0; y < 6; y++) {
            V t[6];
            NAME(transform_input)(rows[y], t);
            UNROLL for (int x = 0; x < 6; x++) NAME(store)(to + (y * 6 + x) * stride, t[x]);
        }
    }
}

// One tile's 4x4 output gradients, taken as a filter of four taps each way, to 36 points, laid out as above.
INLINE void NAME(gradient_tile)(
    const void *const pixels[16], int64_t channels, float *out, int64_t stride, int64_t panel, int32_t type) {
    for (int64_t c = 0; c < channels; c += VECTOR) {
        V rows[6][4];
        UNROLL for (int x = 0; x < 4; x++) {
            V g[4], u[6];
            UNROLL for (int y = 0; y < 4; y++) 
                g[y] = NAME(load_typed)(pixels[y * 4 + x], c, channels - c, type);
            NAME(transform_filter)(g, u, 4);
            UNROLL for (int y = 0; y < 6; y++) rows[y][x] = u[y];
        }
        float *to = out + c / 16 * panel + c % 16;
        UNROLL for (int y = 0; y < 6; y++) {
            V u[6];
            NAME(transform_filter)(rows[y], u, 4);
            UNROLL for (int x = 0; x < 6; x++) NAME(store)(to + (y * 6 + x) * stride, u[x]);
        }
    }
}

// One tile's 36 points of sums to its 4x4 pixels; pixels outside the map are null.
INLINE void NAME(output_tile)(
    const float *points, int64_t stride, int64_t channels, const float *bias, int accumulates, int rectifies,
    float ceiling, void *const pixels[16], int32_t type) {
    const V zero = NAME(splat)(0), top = NAME(splat)(ceiling);
    for (int64_t c = 0; c < channels; c += VECTOR) {
        V rows[4][6];
        UNROLL for (int x = 0; x < 6; x++) {
            V m[6], y[4];
            UNROLL for (int k = 0; k < 6; k++) m[k] = NAME(load)(points + (k * 6 + x) * stride + c);
            NAME(transform_output)(m, y, 4);
            UNROLL for (int k = 0; k < 4; k++) rows[k][x] = y[k];
        }
        const V b = bias ? NAME(load_some)(bias + c, channels - c) : zero;
        UNROLL for (int k = 0; k < 4; k++) {
            V y[4];
            NAME(transform_output)(rows[k], y, 4);
            UNROLL for (int x = 0; x < 4; x++) {
                void *to = pixels[k * 4 + x];
                if (!to) continue;
                V v = y[x] + b;
                if (accumulates) v += NAME(load_typed)(to, c, channels - c, type);
                if (rectifies) v = NAME(select)(v > top, top, NAME(select)(v < zero, zero, v));
                NAME(store_typed)(to, c, v, channels - c, type);
            }
        }
    }
}

// Sixteen filters of 3x3 taps, [9][16], to 36 points; point p goes to out[p * stride].
static void NAME(filter)(const float *taps, float *out, int64_t stride) {
    for (int64_t lane = 0; lane < 16; lane += VECTOR) {
        V rows[6][3];
        UNROLL for (int x = 0; x < 3; x++) {
            V g[3], u[6];
            UNROLL for (int y = 0; y < 3; y++) g[y] = NAME(load)(taps + (y * 3 + x) * 16 + lane);
            NAME(transform_filter)(g, u, 3);
            UNROLL for (int y = 0; y < 6; y++) rows[y][x] = u[y];
        }
        UNROLL for (int y = 0; y < 6; y++) {
            V u[6];
            NAME(transform_filter)(rows[y], u, 3);
            UNROLL for (int x = 0; x < 6; x++) NAME(store)(out + (y * 6 + x) * stride + lane, u[x]);
        }
    }
}

// Sixteen filters' 36 points of gradient sums to their 3x3 taps, [9][16].
static void NAME(filter_gradient)(const float *points, int64_t stride, float *taps) {
    for (int64_t lane = 0; lane < 16; lane += VECTOR) {
        V rows[3][6];
        UNROLL for (int x = 0; x < 6; x++) {
            V m[6], y[4];
            UNROLL for (int k = 0; k < 6; k++) m[k] = NAME(load)(points + (k * 6 + x) * stride + lane);
            NAME(transform_output)(m, y, 3);
            UNROLL for (int k = 0; k < 3; k++) rows[k][x] = y[k];
        }
        UNROLL for (int k = 0; k < 3; k++) {
            V y[4];
            NAME(transform_output)(rows[k], y, 3);
            UNROLL for (int x = 0; x < 3; x++) NAME(store)(taps + (k * 3 + x) * 16 + lane, y[x]);
        }
    }
}

// The kernels that touch maps, for each type of map.
#define MAP_KERNELS(type, code)                                                                                     \
    static void NAME__(NAME(input_tile), type)(                                                                       \
        const void *const pixels[36], int64_t channels, float *out, int64_t stride, int64_t panel) {                 \
        NAME(input_tile)(pixels, channels, out, stride, panel, code);                                                \
    }                                                                                                                \
    static void NAME__(NAME(gradient_tile), type)(                                                                    \
        const void *const pixels[16], int64_t channels, float *out, int64_t stride, int64_t panel) {                 \
        NAME(gradient_tile)(pixels, channels, out, stride, panel, code);                                             \
    }                                                                                                                \
    static void NAME__(NAME(output_tile), type)(                                                                      \
        const float *points, int64_t stride, int64_t channels, const float *bias, int accumulates, int rectifies,    \
        float ceiling, void *const pixels[16]) {                                                                     \
        NAME(output_tile)(points, stride, channels, bias, accumulates, rectifies, ceiling, pixels, code);            \
    }
MAP_KERNELS(float32, CK_FLOAT32)
MAP_KERNELS(bfloat16, CK_BFLOAT16)
#undef MAP_KERNELS
#define BOTH(kernel) {NAME__(NAME(kernel), float32), NAME__(NAME(kernel), bfloat16)}
static const struct winograd_kernels NAME(winograd) = {
    BOTH(input_tile), BOTH(gradient_tile), BOTH(output_tile), NAME(filter), NAME(filter_gradient)};
#undef BOTH
