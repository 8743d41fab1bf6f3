#include "CKernelsLayout.h"

#include "kernel.h"

typedef struct {
    int64_t rows, columns;
    const float *x;
    float *y;
    int32_t accumulate;
} transpose;

// In squares of 16 by 16: a cache line of either side is used up before it goes.
CLONES static void transpose_body(void *context, int64_t begin, int64_t end) {
    const transpose *k = context;
    for (int64_t p = begin; p < end; p++) {
        const float *x = k->x + p * k->rows * k->columns;
        float *y = k->y + p * k->rows * k->columns;
        for (int64_t r0 = 0; r0 < k->rows; r0 += 16)
            for (int64_t c0 = 0; c0 < k->columns; c0 += 16) {
                const int64_t r1 = min64(r0 + 16, k->rows), c1 = min64(c0 + 16, k->columns);
                for (int64_t c = c0; c < c1; c++)
                    if (k->accumulate)
                        for (int64_t r = r0; r < r1; r++) y[c * k->rows + r] += x[r * k->columns + c];
                    else
                        for (int64_t r = r0; r < r1; r++) y[c * k->rows + r] = x[r * k->columns + c];
            }
    }
}
void ck_transpose_pages(
    int64_t pages, int64_t rows, int64_t columns, const float *x, float *y, int32_t accumulate) {
    transpose k = {rows, columns, x, y, accumulate};
    cthreading_for(pages, rows_per_piece(rows * columns), transpose_body, &k);
}

typedef struct {
    int64_t width, channels;
    float *z, *y;
    int32_t folds;
} squares;

// Items are rows of `z`: each is two rows of `y`.
CLONES static void squares_body(void *context, int64_t begin, int64_t end) {
    const squares *k = context;
    const int64_t channels = k->channels, line = 2 * k->width * channels;
    for (int64_t row = begin; row < end; row++)
        for (int64_t x = 0; x < k->width; x++) {
            float *z = k->z + (row * k->width + x) * 4 * channels;
            float *above = k->y + 2 * row * line + 2 * x * channels, *below = above + line;
            if (k->folds)
                for (int64_t c = 0; c < channels; c++) {
                    z[4 * c] = above[c];
                    z[4 * c + 1] = above[channels + c];
                    z[4 * c + 2] = below[c];
                    z[4 * c + 3] = below[channels + c];
                }
            else
                for (int64_t c = 0; c < channels; c++) {
                    above[c] = z[4 * c];
                    above[channels + c] = z[4 * c + 1];
                    below[c] = z[4 * c + 2];
                    below[channels + c] = z[4 * c + 3];
                }
        }
}
void ck_unfold_squares(int64_t pages, int64_t height, int64_t width, int64_t channels, const float *z, float *y) {
    squares k = {width, channels, (float *)z, y, 0};
    cthreading_for(pages * height, rows_per_piece(4 * width * channels), squares_body, &k);
}
void ck_fold_squares(int64_t pages, int64_t height, int64_t width, int64_t channels, const float *y, float *z) {
    squares k = {width, channels, z, (float *)y, 1};
    cthreading_for(pages * height, rows_per_piece(4 * width * channels), squares_body, &k);
}
