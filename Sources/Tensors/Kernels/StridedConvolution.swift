internal import CKernels

/// Forward convolutions of 3x3 and larger kernels in strides, as a sum of matrix products. See `CKernelsStrided.h`.
enum StridedConvolution {
    /// Place in `WeightPacks`, beside oneDNN's layouts, which count up from 0, and Winograd's.
    private static let layout: Int64 = -3

    static func serves(_ shape: ConvolutionShape) -> Bool {
        KernelSet.current == .fast && shape.dtype == .float32 && shape.direction == .forward
            && shape.geometry.stride > 1
            && shape.geometry.groups == 1 && shape.weight[2] == shape.weight[3] && shape.weight[2] > 1
            && shape.geometry.padding < shape.weight[2] && shape.weight[0] % 16 == 0 && shape.weight[1] >= 16
            // The tap that is taken first must lie on the map for every output pixel.
            && (shape.output[1] - 1) * shape.geometry.stride < shape.input[1]
            && (shape.output[2] - 1) * shape.geometry.stride < shape.input[2]
    }

    static func forward(
        _ x: Tensor, weight: Tensor, packs: WeightPacks, bias: Tensor?, shape: ConvolutionShape,
        into y: Tensor
    ) {
        let out = shape.output
        var native = ck_strided_shape(
            n: Int64(x.shape[0]), ih: Int64(x.shape[1]), iw: Int64(x.shape[2]), inputs: Int64(x.shape[3]),
            oh: Int64(out[1]), ow: Int64(out[2]), outputs: Int64(out[3]), kernel: Int64(weight.shape[2]),
            stride: Int64(shape.geometry.stride), padding: Int64(shape.geometry.padding))
        let packed = packs.packed(layout: layout, byteCount: 4 * Int(ck_strided_packed_count(&native))) {
            ck_strided_pack(&native, weight.floats, $0.assumingMemoryBound(to: Float.self))
        }
        ck_strided_forward(
            &native, x.floats, packed.base.assumingMemoryBound(to: Float.self), bias?.floats,
            shape.accumulates ? 1 : 0, shape.activation == .none ? 0 : 1, shape.activation.ceiling, y.floats)
    }
}
