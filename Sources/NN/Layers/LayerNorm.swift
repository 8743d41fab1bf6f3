package import Tensors

/// y = (x - mean) / sqrt(variance + epsilon) weight + bias, statistics of each row. weight, bias: [C].
/// - Source: Ba et al. 2016; names and numerics as PyTorch's.
package final class LayerNorm: Module {
    package let weight: Parameter
    package let bias: Parameter
    private let epsilon: Float

    package init(_ channels: Int, epsilon: Float = 1e-5) {
        weight = Parameter([channels], .constant(1))
        bias = Parameter([channels], .zeros)
        self.epsilon = epsilon
    }

    package func callAsFunction(_ x: Variable, _ tape: Tape) -> Variable {
        tape.layerNorm(x, weight: weight.leaf, bias: bias.leaf, epsilon: epsilon)
    }

    package func visit(_ visitor: inout ParameterVisitor) {
        visitor.visit("weight", weight)
        visitor.visit("bias", bias)
    }
}
