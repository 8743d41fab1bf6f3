internal import CKernels

/// 3x3 convolutions of stride 1 by Winograd's F(4x4, 3x3): a quarter of the products, 2 to 5 times oneDNN's direct
/// speed on AVX2. On maps of 16 bits too, with products in 32: on AVX-512 with bfloat16 units 1.3 times oneDNN's direct speed
/// (256 channels, 60x80), and closer. Not on CPUs that multiply tiles of 16 bits: oneDNN's direct convolutions take a third
/// to a quarter of the time there (Emerald Rapids; an AlignDet step 0.90 s instead of 1.56, and 1.2 instead of 1.7 beside
/// busy neighbours). See `CKernelsWinograd.h` for the algorithm, its source and its rounding.
enum WinogradConvolution {
    /// Narrower maps have few products to save, and no network here has dense 3x3 convolutions on them: not worth the digits
    /// that the transforms cost.
    private static let leastChannelCount = 32
    /// Fewer tiles than this and the 36 matrices cost more than they save (measured at 256 channels).
    private static let leastTileCount = 8
    /// Places in `WeightPacks`, beside oneDNN's layouts, which count up from 0.
    private static let layout: Int64 = -1
    private static let transposedLayout: Int64 = -2

    /// - packs: of the weight in the forward and backward-data directions: on a map smaller than pays by itself, such as a
    ///   pyramid's coarsest, a weight that another map had packed costs less than packing it for oneDNN too.
    static func serves(_ shape: ConvolutionShape, _ packs: WeightPacks) -> Bool {
        fits(shape)
            && (pays(shape, tiles: shape.tileCount)
                || packs.holds(layout: shape.direction == .forward ? layout : transposedLayout))
    }

    /// Whether the gradients of one weight over maps of these shapes are best summed in one go here.
    static func sumsTogether(_ shapes: [ConvolutionShape]) -> Bool {
        guard let first = shapes.first else { return false }
        return shapes.allSatisfy { fits($0) && $0.dtype == first.dtype }
            && pays(first, tiles: shapes.reduce(0) { $0 + $1.tileCount })
    }

    private static func fits(_ shape: ConvolutionShape) -> Bool {
        let w = shape.weight
        return KernelSet.current == .fast && w[2] == 3 && w[3] == 3
            && shape.geometry == ConvolutionGeometry(stride: 1, padding: 1)
            && !(shape.dtype == .bfloat16 && DType.multipliesBFloat16Tiles)
            && min(w[0], w[1]) >= leastChannelCount && max(w[0], w[1]) <= 8192
    }

    /// Of 16 bits, the 36 matrices of many channels (38 MB of 512 to 512) cost more than oneDNN's direct products where there
    /// are few tiles to share them (measured at 15x20).
    private static func pays(_ shape: ConvolutionShape, tiles: Int) -> Bool {
        let isWide = shape.weight[0] * shape.weight[1] > 1 << 17
        return tiles >= (shape.dtype == .bfloat16 && isWide ? 64 : leastTileCount)
    }

    static func forward(
        _ x: Tensor, weight: Tensor, packs: WeightPacks, bias: Tensor?, shape: ConvolutionShape,
        into y: Tensor
    ) {
        let packed = pack(weight, packs, transposed: false)
        var native = shape.winograd
        let space = Storage(byteCount: 4 * Int(ck_winograd_forward_space(&native)))
        ck_winograd_forward(
            &native, x.raw, packed.floats, bias?.floats, shape.accumulates ? 1 : 0,
            shape.activation == .none ? 0 : 1, shape.activation.ceiling, y.raw, space.floats)
    }

    static func backwardData(
        _ dy: Tensor, weight: Tensor, packs: WeightPacks, shape: ConvolutionShape, into dx: Tensor
    ) {
        let packed = pack(weight, packs, transposed: true)
        var native = shape.winograd
        swap(&native.inputs, &native.outputs)
        let space = Storage(byteCount: 4 * Int(ck_winograd_forward_space(&native)))
        ck_winograd_forward(
            &native, dy.raw, packed.floats, nil, 0, 0, .infinity, dx.raw, space.floats)
    }

    /// - shape: of one of the uses.
    static func backwardWeights(
        _ uses: [(x: Tensor, dy: Tensor)], shape: ConvolutionShape, weightGradient: Tensor, accumulate: Bool
    ) {
        var native = shape.winograd
        let maps = uses.map {
            ck_winograd_map(
                n: Int64($0.x.shape[0]), h: Int64($0.x.shape[1]), w: Int64($0.x.shape[2]), x: $0.x.raw,
                output_gradient: $0.dy.raw)
        }
        let floatCount = ck_winograd_weight_gradient_space(&native, maps, Int64(maps.count))
        let space = Storage(byteCount: 4 * Int(floatCount))
        ck_winograd_weight_gradient(
            &native, maps, Int64(maps.count), accumulate ? 1 : 0, weightGradient.floats, space.floats)
    }

    private static func pack(_ weight: Tensor, _ packs: WeightPacks, transposed: Bool) -> Storage {
        let (outputs, inputs) = (Int64(weight.shape[0]), Int64(weight.shape[1]))
        let byteCount = 4 * Int(ck_winograd_packed_count(inputs, outputs))
        return packs.packed(layout: transposed ? transposedLayout : layout, byteCount: byteCount) { target in
            ck_winograd_pack(
                outputs, inputs, weight.floats, transposed ? 1 : 0, target.assumingMemoryBound(to: Float.self)
            )
        }
    }
}

extension ConvolutionShape {
    /// Squares of 4x4 outputs.
    fileprivate var tileCount: Int { input[0] * ((input[1] + 3) / 4) * ((input[2] + 3) / 4) }

    fileprivate var winograd: ck_winograd_shape {
        ck_winograd_shape(
            n: Int64(input[0]), h: Int64(input[1]), w: Int64(input[2]), inputs: Int64(weight[1]),
            outputs: Int64(weight[0]), type: dtype.code)
    }
}

extension Storage {
    fileprivate var floats: UnsafeMutablePointer<Float> { base.assumingMemoryBound(to: Float.self) }
}
