#pragma once
#include <stdint.h>

/// Row-major C[m,n] = alpha op(A) op(B) + beta C.
void cblas_shim_sgemm(
    int transpose_a, int transpose_b, int64_t m, int64_t n, int64_t k, float alpha, const float *a, int64_t lda,
    const float *b, int64_t ldb, float beta, float *c, int64_t ldc);

/// Eigenvalues, ascending, and eigenvectors of the symmetric matrix a[n,n]; vector i becomes row i of a.
/// Returns 0, LAPACK's info, or -100 where memory is short.
int cblas_shim_ssyevd(int64_t n, float *a, float *values);

/// 0 sequential, 1 the pthread flavour (a second thread pool beside libgomp's), 2 the OpenMP flavour.
int cblas_shim_threading(void);
/// The kernels that were chosen for this CPU, e.g. "Haswell", and the library's own description.
const char *cblas_shim_core(void);
const char *cblas_shim_version(void);
