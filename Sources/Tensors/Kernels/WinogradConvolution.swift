internal import CKernels

/// 3x3 convolutions of stride 1 by Winograd's F(4x4, 3x3): a quarter of the products, 2 to 5 times oneDNN's direct
/// speed on AVX2. See `CKernelsWinograd.h` for the algorithm, its source and its rounding.
enum WinogradConvolution {
    /// Fewer tiles than this and the 36 matrices cost more than they save (measured at 256 channels).
    private static let leastTileCount = 8
    /// Places in `WeightPacks`, beside oneDNN's layouts, which count up from 0.
    private static let layout: Int64 = -1
    private static let transposedLayout: Int64 = -2

    static func serves(_ shape: ConvolutionShape) -> Bool {
        let (x, w) = (shape.input, shape.weight)
        return KernelSet.current == .fast && w[2] == 3 && w[3] == 3
            && shape.geometry == ConvolutionGeometry(stride: 1, padding: 1)
            && min(w[0], w[1]) >= 16 && max(w[0], w[1]) <= 8192
            && x[0] * ((x[1] + 3) / 4) * ((x[2] + 3) / 4) >= leastTileCount
    }

    static func forward(
        _ x: Tensor, weight: Tensor, packs: WeightPacks, bias: Tensor?, shape: ConvolutionShape, into y: Tensor
    ) {
        let packed = pack(weight, packs, transposed: false)
        var native = shape.winograd
        let space = Storage(byteCount: 4 * Int(ck_winograd_forward_space(&native)))
        ck_winograd_forward(
            &native, x.floats, packed.floats, bias?.floats, shape.accumulates ? 1 : 0,
            shape.activation == .none ? 0 : 1, shape.activation.ceiling, y.floats, space.floats)
    }

    static func backwardData(
        _ dy: Tensor, weight: Tensor, packs: WeightPacks, shape: ConvolutionShape, into dx: Tensor
    ) {
        let packed = pack(weight, packs, transposed: true)
        var native = shape.winograd
        swap(&native.inputs, &native.outputs)
        let space = Storage(byteCount: 4 * Int(ck_winograd_forward_space(&native)))
        ck_winograd_forward(
            &native, dy.floats, packed.floats, nil, 0, 0, .infinity, dx.floats, space.floats)
    }

    static func backwardWeights(
        _ x: Tensor, _ dy: Tensor, shape: ConvolutionShape, weightGradient: Tensor, accumulate: Bool
    ) {
        var native = shape.winograd
        let space = Storage(byteCount: 4 * Int(ck_winograd_weight_gradient_space(&native)))
        ck_winograd_weight_gradient(
            &native, x.floats, dy.floats, accumulate ? 1 : 0, weightGradient.floats, space.floats)
    }

    private static func pack(_ weight: Tensor, _ packs: WeightPacks, transposed: Bool) -> Storage {
        let (outputs, inputs) = (Int64(weight.shape[0]), Int64(weight.shape[1]))
        let byteCount = 4 * Int(ck_winograd_packed_count(inputs, outputs))
        return packs.packed(layout: transposed ? transposedLayout : layout, byteCount: byteCount) { target in
            ck_winograd_pack(
                outputs, inputs, weight.floats, transposed ? 1 : 0, target.assumingMemoryBound(to: Float.self))
        }
    }
}

extension ConvolutionShape {
    fileprivate var winograd: ck_winograd_shape {
        ck_winograd_shape(
            n: Int64(input[0]), h: Int64(input[1]), w: Int64(input[2]), inputs: Int64(weight[1]),
            outputs: Int64(weight[0]))
    }
}

extension Storage {
    fileprivate var floats: UnsafeMutablePointer<Float> { base.assumingMemoryBound(to: Float.self) }
}
