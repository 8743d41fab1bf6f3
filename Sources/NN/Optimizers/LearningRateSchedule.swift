internal import Foundation

/// The learning rate of each step: a decay, and a warm-up over its first steps.
///
/// Warm-up as mmdetection's: rate_k = scheduled [1 - (1 - k/w)(1 - r)] for k < w (linear), scheduled r (constant).
package struct LearningRateSchedule: Sendable {
    package enum WarmUp: Sendable {
        case none
        case linear(steps: Int, ratio: Double)
        case constant(steps: Int, ratio: Double)
    }

    package enum Decay: Sendable {
        /// Times `factor` at each of these steps.
        case steps([Int], factor: Double)
        /// Half a cosine from 1 to `minimum` over `length` steps.
        case cosine(length: Int, minimum: Double)
    }

    package let base: Double
    package let warmUp: WarmUp
    package let decay: Decay

    package init(base: Double, warmUp: WarmUp, decay: Decay) {
        (self.base, self.warmUp, self.decay) = (base, warmUp, decay)
    }

    /// - step: from 0.
    package func rate(step: Int) -> Float {
        var rate = base
        switch decay {
        case .steps(let boundaries, let factor):
            rate *= pow(factor, Double(boundaries.filter { step >= $0 }.count))
        case .cosine(let length, let minimum):
            let progress = min(1, Double(step) / Double(max(1, length)))
            rate *= minimum + (1 - minimum) * (1 + cos(.pi * progress)) / 2
        }
        switch warmUp {
        case .linear(let steps, let ratio) where step < steps:
            rate *= 1 - (1 - Double(step) / Double(steps)) * (1 - ratio)
        case .constant(let steps, let ratio) where step < steps: rate *= ratio
        default: break
        }
        return Float(rate)
    }
}
