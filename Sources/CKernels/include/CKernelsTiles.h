#pragma once
#include <stdint.h>

/// Matrix products of floats on CPUs that multiply tiles of bfloat16 numbers (AMX), at 1.4 to 1.8 times the rate of their
/// float units (1.0 to 1.3 times beside busy hardware threads; Emerald Rapids) and with the rounding of floats.
///
/// A float is the sum of three bfloat16 numbers, x = x1 + x2 + x3, each of 8 bits. Of the nine products of two such sums the
/// six largest are taken, x1 y1 + (x1 y2 + x2 y1) + (x2 y2 + x1 y3 + x3 y1): what is left out is below 2^-24 of x y, and each
/// product of two parts is exact (Henry, Tang, Heinecke: Leveraging the bfloat16 Artificial Intelligence Datatype For
/// Higher-Precision Computations, ARITH 2019). Sums are taken in floats, the small terms by themselves. Numbers below
/// 2^-126 count as 0; a number that is not finite makes its sums NaN.

/// A matrix as a product sees it: lines, which are rows of the left one and columns of the right one, of numbers to be
/// multiplied with one another, `depth` of them.
typedef struct {
    const float *data;
    /// Floats between neighbouring lines where a line's numbers are neighbours, else between neighbours of one line.
    int64_t step;
    int32_t lies_in_lines;
} ck_tiles_matrix;

/// c[m, n] (+)= a b, then `+ bias[n]`, then min(max(., 0), ceiling) where it rectifies.
typedef struct {
    int64_t m, n, depth;
    ck_tiles_matrix a, b;
    /// Rows `c_row` floats apart.
    float *c;
    int64_t c_row;
    int32_t accumulates, rectifies;
    /// May be null.
    const float *bias;
    float ceiling;
} ck_tiles_product_shape;

/// Whether this CPU has such tiles and the system lets the process use them.
int ck_tiles_available(void);

/// Bytes that a product works in, 64-byte aligned, on the threads that there are now.
int64_t ck_tiles_space(int64_t m, int64_t n, int64_t depth);
void ck_tiles_product(const ck_tiles_product_shape *product, void *space);
