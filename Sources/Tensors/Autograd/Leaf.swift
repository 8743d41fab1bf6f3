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

    /// Hands out the gradient and whether to add to it.
    func withGradient(_ body: (_ gradient: Tensor, _ accumulate: Bool) -> Void) {
        guard let gradient else { return }
        body(gradient, hasGradient)
        hasGradient = true
    }
}
