package import Tensors

/// y = x weightᵀ + bias on rows. weight: [O, I]; bias: [O].
package final class Linear: Module {
    package let weight: Parameter
    package let bias: Parameter

    package init(
        _ inputs: Int, _ outputs: Int, initializer: Initializer, shape: [Int]? = nil,
        biasInitializer: Initializer = .zeros
    ) {
        weight = Parameter(shape ?? [outputs, inputs], initializer)
        bias = Parameter([outputs], biasInitializer)
    }

    package func callAsFunction(_ x: Variable, _ tape: Tape, activation: Activation = .none) -> Variable {
        tape.linear(x, weight: weight.leaf, bias: bias.leaf, activation: activation)
    }

    /// - maps: [R, H, W, C], which the weight reads channel by channel. Returns [R, O].
    package func callAsFunction(maps: Variable, _ tape: Tape, activation: Activation = .none) -> Variable {
        tape.linear(maps: maps, weight: weight.leaf, bias: bias.leaf, activation: activation)
    }

    package func visit(_ visitor: inout ParameterVisitor) {
        visitor.visit("weight", weight)
        visitor.visit("bias", bias)
    }
}
