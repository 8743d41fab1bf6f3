#include "COpenBLAS.h"

#include <cblas.h>

void cblas_shim_sgemm(
    int transpose_a, int transpose_b, int64_t m, int64_t n, int64_t k, float alpha, const float *a, int64_t lda,
    const float *b, int64_t ldb, float beta, float *c, int64_t ldc) {
    cblas_sgemm(
        CblasRowMajor, transpose_a ? CblasTrans : CblasNoTrans, transpose_b ? CblasTrans : CblasNoTrans, (int)m, (int)n,
        (int)k, alpha, a, (int)lda, b, (int)ldb, beta, c, (int)ldc);
}

int cblas_shim_threading(void) { return openblas_get_parallel(); }
const char *cblas_shim_core(void) { return openblas_get_corename(); }
const char *cblas_shim_version(void) { return openblas_get_config(); }
