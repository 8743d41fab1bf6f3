package import Tensors

/// y = x * weight + bias over square windows of an NHWC map.
/// - weight: [O, I / groups, K, K]; bias: [O], absent where a normalization follows.
package final class Conv2d: Module {
    package let weight: Parameter
    package let bias: Parameter?
    package let geometry: ConvolutionGeometry

    package init(
        _ inputs: Int, _ outputs: Int, kernel: Int, stride: Int = 1, padding: Int? = nil, groups: Int = 1,
        bias: Bool = true, initializer: Initializer = .kaimingNormalFanOut, biasValue: Float = 0
    ) {
        weight = Parameter([outputs, inputs / groups, kernel, kernel], initializer)
        self.bias = bias ? Parameter([outputs], .constant(biasValue)) : nil
        geometry = ConvolutionGeometry(stride: stride, padding: padding ?? kernel / 2, groups: groups)
    }

    /// What losses read: the same, in 32 bits whatever the map is.
    package func output(_ x: Variable, _ tape: Tape) -> Variable {
        tape.converted(self(x, tape), to: .float32)
    }

    package func callAsFunction(_ x: Variable, _ tape: Tape, activation: Activation = .none) -> Variable {
        tape.conv2d(x, weight: weight.leaf, bias: bias?.leaf, geometry: geometry, activation: activation)
    }

    package func visit(_ visitor: inout ParameterVisitor) {
        visitor.visit("weight", weight)
        visitor.visit("bias", bias)
    }
}
