#include "COpenBLAS.h"

#include <cblas.h>
#include <stdlib.h>

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

// LAPACK's own name and types; the library has no header for it everywhere.
extern void ssyevd_(
    const char *job, const char *triangle, const int *n, float *a, const int *lda, float *values, float *work,
    const int *work_count, int *integers, const int *integer_count, int *status);

int cblas_shim_ssyevd(int64_t n, float *a, float *values) {
    const int order = (int)n, query = -1;
    float work_size = 0;
    int integer_size = 0, status = 0;
    ssyevd_("V", "L", &order, a, &order, values, &work_size, &query, &integer_size, &query, &status);
    if (status != 0) return status;
    // The size comes as a float, which may have been rounded down.
    const int work_count = (int)work_size + (int)(work_size * 1e-6f) + 1;
    float *work = malloc((size_t)work_count * sizeof(float));
    int *integers = malloc((size_t)integer_size * sizeof(int));
    if (work == NULL || integers == NULL) {
        status = -100;
    } else {
        ssyevd_("V", "L", &order, a, &order, values, work, &work_count, integers, &integer_size, &status);
    }
    free(work);
    free(integers);
    return status;
}
