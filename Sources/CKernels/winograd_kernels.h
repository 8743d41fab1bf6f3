// The vector code of winograd.c for one instruction set. Included once for each, with
//   ISA       suffix of the names
//   VECTOR    floats in a register
//   ROWS      rows of the product's register block
//   PANELS    16-column panels of the product's register block
// No include guard: that is the point.

#define NAME_(a, b) a##_##b
#define NAME__(a, b) NAME_(a, b)
#define NAME(a) NAME__(a, ISA)
#define V NAME(vector)

#define M NAME(mask)

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
static void NAME(input_tile)(
    const float *const pixels[36], int64_t channels, float *out, int64_t stride, int64_t panel) {
    for (int64_t c = 0; c < channels; c += VECTOR) {
        V rows[6][6];
        UNROLL for (int x = 0; x < 6; x++) {
            V d[6], t[6];
            UNROLL for (int y = 0; y < 6; y++) d[y] = NAME(load_some)(pixels[y * 6 + x] + c, channels - c);
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
static void NAME(gradient_tile)(
    const float *const pixels[16], int64_t channels, float *out, int64_t stride, int64_t panel) {
    for (int64_t c = 0; c < channels; c += VECTOR) {
        V rows[6][4];
        UNROLL for (int x = 0; x < 4; x++) {
            V g[4], u[6];
            UNROLL for (int y = 0; y < 4; y++) g[y] = NAME(load_some)(pixels[y * 4 + x] + c, channels - c);
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
static void NAME(output_tile)(
    const float *points, int64_t stride, int64_t channels, const float *bias, int accumulates, int rectifies,
    float ceiling, float *const pixels[16]) {
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
                float *to = pixels[k * 4 + x];
                if (!to) continue;
                V v = y[x] + b;
                if (accumulates) v += NAME(load_some)(to + c, channels - c);
                if (rectifies) v = NAME(select)(v > top, top, NAME(select)(v < zero, zero, v));
                NAME(store_some)(to + c, v, channels - c);
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

// c[rows, 16 panels] (+)= a b for a register block: a[r * row_step + k * step], b panels of [depth][16].
INLINE void NAME(block)(
    const int rows, const int panels, int64_t depth, const float *a, int64_t row_step, int64_t step, const float *b,
    int64_t b_panel, float *c, int64_t c_row, int accumulate) {
    enum { PER_PANEL = 16 / VECTOR };
    V sum[ROWS][PANELS * PER_PANEL];
    UNROLL for (int r = 0; r < rows; r++)
        UNROLL for (int j = 0; j < panels * PER_PANEL; j++) sum[r][j] = NAME(splat)(0);
    for (int64_t k = 0; k < depth; k++) {
        V column[PANELS * PER_PANEL];
        UNROLL for (int j = 0; j < panels * PER_PANEL; j++)
            column[j] = NAME(load)(b + j / PER_PANEL * b_panel + k * 16 + j % PER_PANEL * VECTOR);
        UNROLL for (int r = 0; r < rows; r++) {
            const V x = NAME(splat)(a[r * row_step + k * step]);
            UNROLL for (int j = 0; j < panels * PER_PANEL; j++) sum[r][j] += x * column[j];
        }
    }
    UNROLL for (int r = 0; r < rows; r++)
        UNROLL for (int j = 0; j < panels * PER_PANEL; j++) {
            float *to = c + r * c_row + j * VECTOR;
            NAME(store)(to, accumulate ? NAME(load)(to) + sum[r][j] : sum[r][j]);
        }
}

#define ROW_CASE(n)                                                                                                \
    case n:                                                                                                        \
        if (ROWS >= n)                                                                                             \
            NAME(block)(ROWS >= n ? n : 1, panels, depth, a, row_step, step, b, b_panel, c, c_row, accumulate);     \
        break;

// The same for up to ROWS rows, a number known at run time.
INLINE void NAME(rows)(
    int64_t rows, const int panels, int64_t depth, const float *a, int64_t row_step, int64_t step, const float *b,
    int64_t b_panel, float *c, int64_t c_row, int accumulate) {
    switch (rows) {
        ROW_CASE(1) ROW_CASE(2) ROW_CASE(3) ROW_CASE(4) ROW_CASE(5) ROW_CASE(6) ROW_CASE(7) ROW_CASE(8) ROW_CASE(9)
        ROW_CASE(10) ROW_CASE(11) ROW_CASE(12)
    }
}
#undef ROW_CASE

// c[rows, columns] (+)= a b. a: rows of `depth` floats, `a_row` apart; b: [columns / 16][depth][16], panels `b_panel`
// apart. Columns are a multiple of 16.
static void NAME(product)(
    int64_t rows, int64_t columns, int64_t depth, const float *a, int64_t a_row, const float *b, int64_t b_panel,
    float *c, int64_t c_row, int accumulate) {
    int64_t j = 0;
    for (; j + 16 * PANELS <= columns; j += 16 * PANELS)
        for (int64_t r = 0; r < rows; r += ROWS)
            NAME(rows)(
                min64(ROWS, rows - r), PANELS, depth, a + r * a_row, a_row, 1, b + j / 16 * b_panel, b_panel,
                c + r * c_row + j, c_row, accumulate);
    for (; j < columns; j += 16)
        for (int64_t r = 0; r < rows; r += ROWS)
            NAME(rows)(
                min64(ROWS, rows - r), 1, depth, a + r * a_row, a_row, 1, b + j / 16 * b_panel, b_panel,
                c + r * c_row + j, c_row, accumulate);
}

// The same with a transposed: c[rows, columns] (+)= aᵀ b with both in panels, a as [rows / 16][depth][16].
static void NAME(transposed_product)(
    int64_t rows, int64_t columns, int64_t depth, const float *a, int64_t a_panel, const float *b, int64_t b_panel,
    float *c, int64_t c_row, int accumulate) {
    // Sixteen rows cut so that blocks are as even as the registers allow.
    enum { STEP = ROWS >= 8 ? 8 : ROWS };
    for (int64_t r = 0; r < rows; r += 16) {
        const float *panel = a + r / 16 * a_panel;
        int64_t j = 0;
        for (; j + 16 * PANELS <= columns; j += 16 * PANELS)
            for (int64_t i = 0; i < 16; i += STEP)
                NAME(rows)(
                    min64(STEP, 16 - i), PANELS, depth, panel + i, 1, 16, b + j / 16 * b_panel, b_panel,
                    c + (r + i) * c_row + j, c_row, accumulate);
        for (; j < columns; j += 16)
            for (int64_t i = 0; i < 16; i += STEP)
                NAME(rows)(
                    min64(STEP, 16 - i), 1, depth, panel + i, 1, 16, b + j / 16 * b_panel, b_panel,
                    c + (r + i) * c_row + j, c_row, accumulate);
    }
}

static const struct winograd_kernels NAME(winograd) = {
    NAME(input_tile), NAME(gradient_tile), NAME(output_tile),       NAME(filter),
    NAME(filter_gradient), NAME(product),  NAME(transposed_product), ROWS};

#undef V
#undef M
#undef NAME
#undef NAME_
#undef NAME__
#undef ISA
#undef VECTOR
#undef ROWS
#undef PANELS
