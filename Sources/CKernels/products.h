#pragma once
#include <stdint.h>

// Matrix products on operands that lie as convolutions have them, at the rate of the machine. Columns come in panels of
// sixteen: a matrix [depth, columns] lies as [columns / 16][depth][16].

enum { PANEL = 16 };

// Columns as they lie in panels.
static inline int64_t padded(int64_t columns) { return (columns + PANEL - 1) / PANEL * PANEL; }

struct product_kernels {
    // c[rows, columns] (+)= a b. a: rows of `depth` floats, `a_row` apart; b: panels, `b_panel` apart. Columns are whole
    // panels; rows of c are `c_row` apart.
    void (*product)(
        int64_t rows, int64_t columns, int64_t depth, const float *a, int64_t a_row, const float *b, int64_t b_panel,
        float *c, int64_t c_row, int accumulate);
    // The same with a transposed: c[rows, columns] (+)= aᵀ b with both in panels, a as [rows / 16][depth][16].
    void (*transposed_product)(
        int64_t rows, int64_t columns, int64_t depth, const float *a, int64_t a_panel, const float *b,
        int64_t b_panel, float *c, int64_t c_row, int accumulate);
};

// Those of this processor.
const struct product_kernels *product_kernels(void);
