internal import COneDNN

/// Convolutions of NHWC maps with OIHW weights, each direction as one call of the chosen kernel set.
package enum Convolution {
    /// y = activation(x * weight + bias [+ addend]).
    /// - x: [N, H, W, C]; weight: [O, C / groups, KH, KW]; bias: [O]; addend: [N, OH, OW, O], **overwritten** with the
    ///   result where given (the caller hands over a tensor nobody else reads).
    /// - Returns: [N, OH, OW, O].
    package static func forward(
        _ x: Tensor, weight: Tensor, packs: WeightPacks, bias: Tensor? = nil, geometry: ConvolutionGeometry,
        activation: Activation = .none, addend: Tensor? = nil
    ) -> Tensor {
        let shape = ConvolutionShape(
            input: x.shape, weight: weight.shape, geometry: geometry, direction: .forward, hasBias: bias != nil,
            activation: activation, accumulates: addend != nil)
        shape.check()
        let y = addend ?? Tensor(uninitialized: shape.output)
        precondition(y.shape == shape.output, "addend \(y.shape) for an output of \(shape.output)")
        guard y.count > 0 else { return y }
        // What a path below counts itself is part of this.
        let counted = KernelCounters.flopCount
        defer { KernelCounters.flopCount = counted + shape.flopCount }
        if KernelSet.current == .plain {
            PlainConvolution.forward(x, weight: weight, bias: bias, shape: shape, into: y)
            return y
        }
        if WinogradConvolution.serves(shape) {
            WinogradConvolution.forward(x, weight: weight, packs: packs, bias: bias, shape: shape, into: y)
            return y
        }
        if StridedConvolution.serves(shape) {
            StridedConvolution.forward(x, weight: weight, packs: packs, bias: bias, shape: shape, into: y)
            return y
        }
        let entry = PrimitiveCache.shared.entry(shape)
        let packed = pack(weight, packs, entry)
        check(
            cdnnl_convolution_forward(entry.handle, x.floats, packed.base, bias?.floats, y.floats), shape)
        return y
    }

    /// The gradient of the input, [N, H, W, C], from that of the output.
    package static func backwardData(
        _ dy: Tensor, weight: Tensor, packs: WeightPacks, inputShape: [Int], geometry: ConvolutionGeometry
    ) -> Tensor {
        let shape = ConvolutionShape(
            input: inputShape, weight: weight.shape, geometry: geometry, direction: .backwardData)
        shape.check()
        precondition(dy.shape == shape.output, "gradient \(dy.shape) for an output of \(shape.output)")
        let dx = Tensor(uninitialized: inputShape)
        guard dy.count > 0 else { return Tensor(zeros: inputShape) }
        // What a path below counts itself is part of this.
        let counted = KernelCounters.flopCount
        defer { KernelCounters.flopCount = counted + shape.flopCount }
        if KernelSet.current == .plain {
            PlainConvolution.backwardData(dy, weight: weight, shape: shape, into: dx)
            return dx
        }
        if WinogradConvolution.serves(shape) {
            WinogradConvolution.backwardData(dy, weight: weight, packs: packs, shape: shape, into: dx)
            return dx
        }
        let entry = PrimitiveCache.shared.entry(shape)
        let packed = pack(weight, packs, entry)
        check(cdnnl_convolution_backward_data(entry.handle, dy.floats, packed.base, dx.floats), shape)
        return dx
    }

    /// Writes (or adds, with `accumulate`) the gradients of weight, OIHW, and bias.
    package static func backwardWeights(
        _ x: Tensor, _ dy: Tensor, weightGradient: Tensor, biasGradient: Tensor?, accumulate: Bool,
        geometry: ConvolutionGeometry
    ) {
        let shape = ConvolutionShape(
            input: x.shape, weight: weightGradient.shape, geometry: geometry, direction: .backwardWeights,
            hasBias: biasGradient != nil)
        shape.check()
        precondition(dy.shape == shape.output, "gradient \(dy.shape) for an output of \(shape.output)")
        guard dy.count > 0 else {
            if !accumulate {
                weightGradient.floats.update(repeating: 0, count: weightGradient.count)
                biasGradient.map { $0.floats.update(repeating: 0, count: $0.count) }
            }
            return
        }
        // What a path below counts itself is part of this.
        let counted = KernelCounters.flopCount
        defer { KernelCounters.flopCount = counted + shape.flopCount }
        if KernelSet.current == .plain {
            PlainConvolution.backwardWeights(
                x, dy, shape: shape, weightGradient: weightGradient, biasGradient: biasGradient,
                accumulate: accumulate)
            return
        }
        if WinogradConvolution.serves(shape) {
            WinogradConvolution.backwardWeights(
                x, dy, shape: shape, weightGradient: weightGradient, accumulate: accumulate)
            biasGradient.map { Elementwise.columnSums(dy, into: $0, accumulate: accumulate) }
            return
        }
        let entry = PrimitiveCache.shared.entry(shape)
        let workspace = Storage(byteCount: entry.packedByteCount + 128 + 4 * shape.weight[0])
        check(
            cdnnl_convolution_backward_weights(
                entry.handle, x.floats, dy.floats, workspace.base, weightGradient.floats, biasGradient?.floats,
                accumulate ? 1 : 0), shape)
    }

    private static func pack(_ weight: Tensor, _ packs: WeightPacks, _ entry: PrimitiveCache.Entry) -> Storage {
        packs.packed(layout: entry.layout, byteCount: entry.packedByteCount) { target in
            let status = cdnnl_convolution_pack(entry.handle, weight.floats, target)
            precondition(status == 0, "oneDNN cannot pack \(weight.shape): \(status)")
        }
    }

    private static func check(_ status: Int32, _ shape: ConvolutionShape) {
        precondition(status == 0, "oneDNN: \(String(cString: cdnnl_status_text(status))) in \(shape)")
    }
}
