// The vector code of products.c for one instruction set; see instruction_sets.h.

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

static const struct product_kernels NAME(products) = {NAME(product), NAME(transposed_product)};
