package import Tensors

/// Convolution, optional normalization, optional activation, under the names mmdetection gives them (`conv`, `bn`).
package final class ConvModule: Module {
    package let conv: Conv2d
    package let bn: BatchNorm2d?
    private let activation: Activation

    /// - norm: nil for a plain convolution with bias.
    package init(
        _ inputs: Int, _ outputs: Int, kernel: Int, stride: Int = 1, padding: Int? = nil,
        norm: (mode: NormMode, reducer: any StatisticsReducer)? = nil, activation: Activation = .none,
        initializer: Initializer = .kaimingNormalFanOut
    ) {
        conv = Conv2d(
            inputs, outputs, kernel: kernel, stride: stride, padding: padding, bias: norm == nil,
            initializer: initializer)
        bn = norm.map { BatchNorm2d(outputs, mode: $0.mode, reducer: $0.reducer) }
        self.activation = activation
    }

    package func callAsFunction(_ x: Variable, _ tape: Tape) -> Variable {
        guard let bn else { return conv(x, tape, activation: activation) }
        return bn(conv(x, tape), tape, activation: activation)
    }

    package func visit(_ visitor: inout ParameterVisitor) {
        visitor.visit("conv", conv)
        visitor.visit("bn", bn)
    }
}
