package import Tensors

/// Normalization of each image over all pixels and a group of channels, then a scale and shift per channel.
/// - weight, bias: [C].
/// - Source: Wu and He 2018; epsilon as PyTorch.
package final class GroupNorm: Module {
    package let weight: Parameter
    package let bias: Parameter
    package let groupCount: Int
    private let epsilon: Float

    package init(_ channels: Int, groupCount: Int, epsilon: Float = 1e-5) {
        precondition(channels % groupCount == 0, "\(channels) channels in \(groupCount) groups")
        weight = Parameter([channels], .constant(1))
        bias = Parameter([channels], .zeros)
        self.groupCount = groupCount
        self.epsilon = epsilon
    }

    package func callAsFunction(_ x: Variable, _ tape: Tape, activation: Activation = .none) -> Variable {
        tape.groupNorm(
            x, weight: weight.leaf, bias: bias.leaf, groupCount: groupCount, epsilon: epsilon,
            activation: activation)
    }

    package func visit(_ visitor: inout ParameterVisitor) {
        visitor.visit("weight", weight)
        visitor.visit("bias", bias)
    }
}
