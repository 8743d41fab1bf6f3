internal import CKernels

/// A tensor that many operations read and that may be trained: the tape's end of a parameter.
///
/// `gradient` is a window of the gradient arena, so that a backward pass writes straight into what is reduced over
/// ranks; nil means frozen, and the tape then does no work for it.
package final class Leaf {
    package private(set) var value: Tensor
    package var gradient: Tensor?
    let packs = WeightPacks()
    /// Whether anything was written to `gradient` since `beginAccumulation`.
    package private(set) var hasGradient = false
    /// Recorded operations whose backward has not run yet.
    var pendingUseCount = 0
    /// Convolutions with this weight whose part of its gradient is still to be summed: a head's weight is used on every level
    /// of a pyramid, and one sum over all of them costs less than a sum for each.
    private var convolutionUses: [(x: Tensor, dy: Tensor)] = []
    private var convolutionGeometry = ConvolutionGeometry()

    package init(_ value: Tensor) { self.value = value }

    package var requiresGradient: Bool { gradient != nil }

    /// To be called after the numbers of `value` changed in place.
    package func didChange() { packs.invalidate() }

    /// Moves the numbers to another home, such as an arena's window.
    package func rehome(to tensor: Tensor) {
        tensor.assign(from: value)
        value = tensor.reshaped(value.shape)
        didChange()
    }

    /// The next gradient overwrites, later ones add.
    package func beginAccumulation() {
        hasGradient = false
        pendingUseCount = 0
    }

    /// Zeroes a gradient nobody wrote to, so that an unused parameter contributes zeros to the reduction.
    package func finishAccumulation() {
        if !hasGradient, let gradient {
            gradient.floats.update(repeating: 0, count: gradient.count)
            hasGradient = true
        }
    }

    /// The numbers in another format, made once per change of them.
    func value(in dtype: DType) -> Tensor {
        guard dtype != value.dtype else { return value }
        let storage = packs.packed(layout: Self.narrowLayout, byteCount: value.count * dtype.byteCount) {
            ck_convert(Int64(value.count), value.dtype.code, value.raw, dtype.code, $0)
        }
        return Tensor(shape: value.shape, dtype: dtype, storage: storage, offset: 0)
    }

    /// The numbers of [O, C P] as [O, P C], made once per change of them.
    /// - channels: C.
    func value(channels: Int, in dtype: DType) -> Tensor {
        let outputs = value.shape[0]
        let pixels = value.count / outputs / channels
        precondition(value.count == outputs * pixels * channels, "\(value.shape) by \(channels) channels")
        let layout = dtype == .float32 ? Self.channelsLastLayout : Self.narrowChannelsLastLayout
        let storage = packs.packed(layout: layout, byteCount: value.count * dtype.byteCount) {
            let wide = dtype == .float32 ? nil : Storage(byteCount: 4 * value.count)
            let target = (wide?.base ?? $0).assumingMemoryBound(to: Float.self)
            ck_transpose_pages(Int64(outputs), Int64(channels), Int64(pixels), value.floats, target, 0)
            if wide != nil { ck_convert(Int64(value.count), value.dtype.code, target, dtype.code, $0) }
        }
        return Tensor(shape: [outputs, pixels * channels], dtype: dtype, storage: storage, offset: 0)
    }

    /// Places in `WeightPacks`, beside oneDNN's layouts, which count up from 0, and those of convolutions.
    private static let narrowLayout: Int64 = -4
    private static let channelsLastLayout: Int64 = -5
    private static let narrowChannelsLastLayout: Int64 = -6

    /// Notes a convolution of `x` with this weight; its part of the gradient is written with the weight's last use.
    func addConvolutionGradient(_ x: Tensor, _ dy: Tensor, _ geometry: ConvolutionGeometry) {
        guard requiresGradient else { return }
        if convolutionGeometry != geometry { finishUses() }
        convolutionGeometry = geometry
        convolutionUses.append((x, dy))
    }

    /// Writes what was noted. To be called after the last use of a backward pass.
    func finishUses() {
        guard !convolutionUses.isEmpty else { return }
        withGradient { target, accumulate in
            Convolution.backwardWeights(
                convolutionUses, weightGradient: target, accumulate: accumulate, geometry: convolutionGeometry
            )
        }
        convolutionUses = []
    }

    /// Hands out the gradient and whether to add to it.
    func withGradient(_ body: (_ gradient: Tensor, _ accumulate: Bool) -> Void) {
        guard let gradient else { return }
        body(gradient, hasGradient)
        hasGradient = true
    }
}
