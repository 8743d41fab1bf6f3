internal import COneDNN

/// Convolutions of NHWC maps with OIHW weights, each direction as one call of the chosen kernel set.
package enum Convolution {
    /// y = activation(x * weight + bias [+ addend]).
    /// - x: [N, H, W, C]; weight: [O, C / groups, KH, KW]; bias: [O]; addend: [N, OH, OW, O], **overwritten** with the
    ///   result where given (the caller hands over a tensor nobody else reads).
    /// - Returns: [N, OH, OW, O], in the format of x; sums are taken in 32 bits.
    package static func forward(
        _ x: Tensor, weight: Tensor, packs: WeightPacks, bias: Tensor? = nil, geometry: ConvolutionGeometry,
        activation: Activation = .none, addend: Tensor? = nil
    ) -> Tensor {
        let shape = ConvolutionShape(
            input: x.shape, weight: weight.shape, geometry: geometry, direction: .forward, dtype: x.dtype,
            hasBias: bias != nil,
            activation: activation, accumulates: addend != nil)
        shape.check()
        let y = addend ?? Tensor(uninitialized: shape.output, dtype: x.dtype)
        precondition(
            y.shape == shape.output && y.dtype == x.dtype,
            "addend \(y.dtype) \(y.shape) for an output of \(shape.output)")
        guard y.count > 0 else { return y }
        // What a path below counts itself is part of this.
        let counted = KernelCounters.flopCount
        defer { KernelCounters.flopCount = counted + shape.flopCount }
        if KernelSet.current == .plain {
            PlainConvolution.forward(x, weight: weight, bias: bias, shape: shape, into: y)
            return y
        }
        if WinogradConvolution.serves(shape, packs) {
            WinogradConvolution.forward(x, weight: weight, packs: packs, bias: bias, shape: shape, into: y)
            return y
        }
        if StridedConvolution.serves(shape) {
            StridedConvolution.forward(x, weight: weight, packs: packs, bias: bias, shape: shape, into: y)
            return y
        }
        if PointwiseConvolution.serves(shape) {
            PointwiseConvolution.forward(x, weight: weight, bias: bias, shape: shape, into: y)
            return y
        }
        let entry = PrimitiveCache.shared.entry(shape)
        let packed = pack(weight, packs, entry)
        check(
            cdnnl_convolution_forward(entry.handle, x.raw, packed.base, bias?.floats, y.raw), shape)
        return y
    }

    /// The gradient of the input, [N, H, W, C], from that of the output.
    package static func backwardData(
        _ dy: Tensor, weight: Tensor, packs: WeightPacks, inputShape: [Int], geometry: ConvolutionGeometry
    ) -> Tensor {
        let shape = ConvolutionShape(
            input: inputShape, weight: weight.shape, geometry: geometry, direction: .backwardData,
            dtype: dy.dtype)
        shape.check()
        precondition(dy.shape == shape.output, "gradient \(dy.shape) for an output of \(shape.output)")
        let dx = Tensor(uninitialized: inputShape, dtype: dy.dtype)
        guard dy.count > 0 else { return Tensor(zeros: inputShape, dtype: dy.dtype) }
        // What a path below counts itself is part of this.
        let counted = KernelCounters.flopCount
        defer { KernelCounters.flopCount = counted + shape.flopCount }
        if KernelSet.current == .plain {
            PlainConvolution.backwardData(dy, weight: weight, shape: shape, into: dx)
            return dx
        }
        if WinogradConvolution.serves(shape, packs) {
            WinogradConvolution.backwardData(dy, weight: weight, packs: packs, shape: shape, into: dx)
            return dx
        }
        if PointwiseConvolution.serves(shape) {
            PointwiseConvolution.backwardData(dy, weight: weight, shape: shape, into: dx)
            return dx
        }
        let entry = PrimitiveCache.shared.entry(shape)
        let packed = pack(weight, packs, entry)
        check(cdnnl_convolution_backward_data(entry.handle, dy.raw, packed.base, dx.raw), shape)
        return dx
    }

    /// Writes (or adds, with `accumulate`) the gradient of a weight, OIHW, over every map it was used on.
    /// - uses: each map, [N, H, W, C], with the gradient of the output there, both of one format.
    package static func backwardWeights(
        _ uses: [(x: Tensor, dy: Tensor)], weightGradient: Tensor, accumulate: Bool,
        geometry: ConvolutionGeometry
    ) {
        let shapes = uses.map { use in
            let shape = ConvolutionShape(
                input: use.x.shape, weight: weightGradient.shape, geometry: geometry,
                direction: .backwardWeights,
                dtype: use.dy.dtype)
            shape.check()
            precondition(use.x.dtype == use.dy.dtype, "a \(use.dy.dtype) gradient for a \(use.x.dtype) map")
            precondition(
                use.dy.shape == shape.output, "gradient \(use.dy.shape) for an output of \(shape.output)")
            return shape
        }
        let counted = KernelCounters.flopCount
        defer { KernelCounters.flopCount = counted + shapes.reduce(0) { $0 + $1.flopCount } }
        let filled = uses.indices.filter { uses[$0].dy.count > 0 }
        var accumulate = accumulate
        if filled.isEmpty, !accumulate {
            weightGradient.floats.update(repeating: 0, count: weightGradient.count)
        }
        // One sum over the tiles of all maps: what is done once per weight is not done once per map.
        if WinogradConvolution.sumsTogether(filled.map { shapes[$0] }) {
            WinogradConvolution.backwardWeights(
                filled.map { uses[$0] }, shape: shapes[filled[0]], weightGradient: weightGradient,
                accumulate: accumulate)
            return
        }
        for i in filled {
            let (x, dy) = uses[i]
            if KernelSet.current == .plain {
                PlainConvolution.backwardWeights(
                    x, dy, shape: shapes[i], weightGradient: weightGradient, accumulate: accumulate)
            } else if PointwiseConvolution.serves(shapes[i]) {
                PointwiseConvolution.backwardWeights(
                    x, dy, shape: shapes[i], weightGradient: weightGradient, accumulate: accumulate)
            } else {
                let entry = PrimitiveCache.shared.entry(shapes[i])
                let workspace = Storage(byteCount: entry.packedByteCount)
                check(
                    cdnnl_convolution_backward_weights(
                        entry.handle, x.raw, dy.raw, workspace.base, weightGradient.floats, accumulate ? 1 : 0
                    ),
                    shapes[i])
            }
            accumulate = true
        }
    }

    private static func pack(_ weight: Tensor, _ packs: WeightPacks, _ entry: PrimitiveCache.Entry) -> Storage
    {
        packs.packed(layout: entry.layout, byteCount: entry.packedByteCount) { target in
            let status = cdnnl_convolution_pack(entry.handle, weight.floats, target)
            precondition(status == 0, "oneDNN cannot pack \(weight.shape): \(status)")
        }
    }

    private static func check(_ status: Int32, _ shape: ConvolutionShape) {
        precondition(status == 0, "oneDNN: \(String(cString: cdnnl_status_text(status))) in \(shape)")
    }
}
