package import Tensors

/// One part of a training loss: weight * sum / divisor.
///
/// The divisor is a count over one micro-batch, as in the published code, where each rank divides by its own counts and
/// gradients are averaged over ranks. A recipe fixes the micro-batch, so the result does not depend on how micro-batches
/// are spread over ranks, and no count has to be exchanged before backward can start.
package struct LossTerm {
    package let name: String
    package let sum: Variable
    package let divisor: Double
    package let weight: Float

    package init(_ name: String, sum: Variable, divisor: Double, weight: Float = 1) {
        (self.name, self.sum, self.divisor, self.weight) = (name, sum, divisor, weight)
    }

    /// What `sum` is multiplied by.
    package var factor: Float { divisor > 0 ? weight / Float(divisor) : 0 }
    /// The weighted, divided loss as logged.
    package var value: Float { sum.tensor.scalar * factor }
}
