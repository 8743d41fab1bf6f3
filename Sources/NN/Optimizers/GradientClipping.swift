internal import Tensors

/// Clipping by the global norm, as PyTorch's `clip_grad_norm_`.
package struct GradientClipping: Sendable {
    /// Largest allowed norm; nil leaves gradients alone.
    package let maximumNorm: Float?

    package init(maximumNorm: Float?) { self.maximumNorm = maximumNorm }

    /// The norm of all gradients, and the factor that brings it to the limit.
    package func measure(_ arena: ParameterArena) -> (norm: Float, scale: Float) {
        let norm = Float(Elementwise.sumOfSquares(arena.gradients).squareRoot())
        guard let maximumNorm else { return (norm, 1) }
        return (norm, min(1, maximumNorm / (norm + 1e-6)))
    }
}
