#pragma once
#include "CKernelsTypes.h"

/// 3x3 convolutions of stride 1 and padding 1 by Winograd's F(4x4, 3x3): 36 products stand for 144.
///
/// Maps are NHWC, weights OIHW in one group, up to 8192 channels, best in multiples of 16. Points 0, 1, -1, 1/2, -2 and infinity,
/// which lose least in float32: about 4e-6 of the largest output, against 3e-7 of a plain sum (256 channels).
/// - Source: Lavin and Gray, "Fast Algorithms for Convolutional Neural Networks", CVPR 2016; the points after
///   Barabasz et al., "Error Analysis and Improving the Accuracy of Winograd Convolution", 2020.

/// Floats of a weight's 36 matrices.
int64_t ck_winograd_packed_count(int64_t inputs, int64_t outputs);

/// The 36 matrices of a weight. `transposed`: for the gradient of the input, where the outputs come in.
void ck_winograd_pack(int64_t outputs, int64_t inputs, const float *weight, int transposed, float *packed);

typedef struct {
    int64_t n, h, w, inputs, outputs;
    /// Of maps and their gradients (CKernelsTypes.h); the points and all sums are floats.
    int32_t type;
} ck_winograd_shape;

/// Floats of work space that `ck_winograd_forward` wants on this thread's team now.
int64_t ck_winograd_forward_space(const ck_winograd_shape *shape);

/// y = activation(x * weight + bias [+ y]). `bias` may be null; `accumulates` adds what `y` holds; `rectifies` clips to
/// 0 ... ceiling. For the gradient of the input: x is the output's gradient, `inputs` its channels.
void ck_winograd_forward(
    const ck_winograd_shape *shape, const void *x, const float *packed, const float *bias, int accumulates,
    int rectifies, float ceiling, void *y, float *space);

/// A map that a weight was used on, and the gradient of what came of it.
typedef struct {
    int64_t n, h, w;
    const void *x, *output_gradient;
} ck_winograd_map;

/// Floats of work space that `ck_winograd_weight_gradient` wants.
int64_t ck_winograd_weight_gradient_space(
    const ck_winograd_shape *shape, const ck_winograd_map *maps, int64_t map_count);

/// The weight's gradient over all maps, with one sum over their tiles; with `accumulate`, added to what is there. Of `shape`
/// only channels and type count.
void ck_winograd_weight_gradient(
    const ck_winograd_shape *shape, const ck_winograd_map *maps, int64_t map_count, int accumulate,
    float *weight_gradient, float *space);
