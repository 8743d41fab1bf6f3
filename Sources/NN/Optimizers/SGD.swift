internal import CKernels
package import Tensors

/// Stochastic gradient descent with momentum and L2 decay: g' = g + decay p; v = momentum v + g'; p -= rate v.
/// - Source: PyTorch's SGD, dampening 0, no Nesterov.
package final class SGD: Optimizer {
    package let arena: ParameterArena
    package var stepCount = 0
    private let momentum: Float
    private let weightDecay: Float
    private let velocity: Tensor
    private let ranges: [SweepRange]

    package init(_ arena: ParameterArena, momentum: Float, weightDecay: Float, rules: [ParameterRule] = []) {
        self.arena = arena
        self.momentum = momentum
        self.weightDecay = weightDecay
        velocity = Tensor(zeros: [arena.count])
        ranges = SweepRange.make(arena, rules)
    }

    package var slots: [(name: String, tensor: Tensor)] { [("velocity", velocity)] }

    package func step(rate: Float, gradientScale: Float) {
        stepCount += 1
        for range in ranges {
            ck_sgd(
                Int64(range.count), rate * range.rateFactor, momentum, weightDecay * range.decayFactor, gradientScale,
                arena.gradients.floats + range.offset, velocity.floats + range.offset,
                arena.values.floats + range.offset)
        }
        arena.didChange()
    }
}
