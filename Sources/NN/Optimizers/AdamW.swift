internal import CKernels
internal import Foundation
package import Tensors

/// Adam with decoupled weight decay.
/// - Source: Loshchilov and Hutter 2019, algorithm 2; numerics as PyTorch's AdamW.
package final class AdamW: Optimizer {
    package let arena: ParameterArena
    package var stepCount = 0
    private let betas: (Double, Double)
    private let epsilon: Float
    private let weightDecay: Float
    private let first: Tensor
    private let second: Tensor
    private let ranges: [SweepRange]

    package init(
        _ arena: ParameterArena, betas: (Double, Double), epsilon: Float, weightDecay: Float,
        rules: [ParameterRule] = []
    ) {
        self.arena = arena
        self.betas = betas
        self.epsilon = epsilon
        self.weightDecay = weightDecay
        first = Tensor(zeros: [arena.count])
        second = Tensor(zeros: [arena.count])
        ranges = SweepRange.make(arena, rules)
    }

    package var slots: [(name: String, tensor: Tensor)] { [("first_moment", first), ("second_moment", second)] }

    package func step(rate: Float, gradientScale: Float) {
        stepCount += 1
        let corrections = (1 - pow(betas.0, Double(stepCount)), 1 - pow(betas.1, Double(stepCount)))
        for range in ranges {
            ck_adamw(
                Int64(range.count), rate * range.rateFactor, betas.0, betas.1, epsilon,
                weightDecay * range.decayFactor, gradientScale, corrections.0, corrections.1,
                arena.gradients.floats + range.offset, first.floats + range.offset, second.floats + range.offset,
                arena.values.floats + range.offset)
        }
        arena.didChange()
    }
}
