#pragma once
#include <stddef.h>
#include <stdint.h>

/// The few oneDNN calls this project makes, in its own terms. Works with oneDNN 2.x; a 3.x port is confined to
/// COneDNN.c. All feature maps are NHWC; weights are given in the field's OIHW order and packed here.
/// Functions that can fail return 0 on success or oneDNN's status; `cdnnl_status_text` names it.

enum { CDNNL_FORWARD = 0, CDNNL_BACKWARD_DATA = 1, CDNNL_BACKWARD_WEIGHTS = 2 };
enum { CDNNL_NONE = 0, CDNNL_RELU = 1, CDNNL_RELU6 = 2 };

/// One convolution of one size. `oh` and `ow` follow from the rest and must agree.
typedef struct {
    int64_t n, ih, iw, ic, oh, ow, oc;
    int64_t kh, kw, stride, padding, groups;
    /// CDNNL_FORWARD, CDNNL_BACKWARD_DATA or CDNNL_BACKWARD_WEIGHTS.
    int32_t direction;
    int32_t has_bias;
    /// Forward only: applied last, after bias and sum.
    int32_t activation;
    /// Forward only: adds what the destination already holds.
    int32_t accumulates;
    /// Whether maps and their gradients are bfloat16; weights, biases and their gradients are given in floats either way.
    int32_t is_bfloat16;
} cdnnl_convolution_shape;

typedef struct cdnnl_convolution cdnnl_convolution;

/// Builds the primitive; NULL with `status` set where oneDNN has none.
cdnnl_convolution *cdnnl_convolution_create(const cdnnl_convolution_shape *shape, int *status);
void cdnnl_convolution_destroy(cdnnl_convolution *convolution);

/// Bytes of the packed weights, and a number that is equal for equal layouts.
size_t cdnnl_convolution_packed_size(const cdnnl_convolution *convolution);
int64_t cdnnl_convolution_layout(const cdnnl_convolution *convolution);
/// Implementation's name as oneDNN reports it.
const char *cdnnl_convolution_implementation(const cdnnl_convolution *convolution);

/// OIHW (per group) to the layout the primitive wants.
int cdnnl_convolution_pack(cdnnl_convolution *convolution, const float *weights, void *packed);
int cdnnl_convolution_forward(
    cdnnl_convolution *convolution, const void *source, const void *packed, const float *bias, void *destination);
int cdnnl_convolution_backward_data(
    cdnnl_convolution *convolution, const void *output_gradient, const void *packed, void *source_gradient);
/// Writes the weights' gradient in OIHW order, or adds to what is there.
/// `workspace` has `cdnnl_convolution_packed_size` bytes, 64-byte aligned.
int cdnnl_convolution_backward_weights(
    cdnnl_convolution *convolution, const void *source, const void *output_gradient, void *workspace,
    float *weight_gradient, int accumulate);

/// Row-major C[m,n] = alpha op(A) op(B) + beta C.
int cdnnl_sgemm(
    int transpose_a, int transpose_b, int64_t m, int64_t n, int64_t k, float alpha, const float *a, int64_t lda,
    const float *b, int64_t ldb, float beta, float *c, int64_t ldc);

/// The same of bfloat16 A and B; C in floats, overwritten or added to.
int cdnnl_bgemm(
    int transpose_a, int transpose_b, int64_t m, int64_t n, int64_t k, float alpha, const void *a, int64_t lda,
    const void *b, int64_t ldb, int accumulate, float *c, int64_t ldc);

const char *cdnnl_status_text(int status);
/// "2.6.3" and the instruction set oneDNN will use at most.
void cdnnl_version(int *major, int *minor, int *patch);
const char *cdnnl_instruction_set(void);
/// Whether this CPU multiplies bfloat16 numbers itself: without, computing in them is slower than in floats.
int cdnnl_computes_bfloat16(void);
/// Whether it multiplies whole tiles of them (AMX).
int cdnnl_multiplies_tiles(void);
