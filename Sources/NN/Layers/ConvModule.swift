package import Tensors

/// Convolution, optional normalization, optional activation, under the names mmdetection gives them (`conv`,
/// `bn`, `gn`).
package final class ConvModule: Module {
    package let conv: Conv2d
    package let bn: BatchNorm2d?
    package let gn: GroupNorm?
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
        gn = nil
        self.activation = activation
    }

    /// With group normalization.
    /// - bias: whether the convolution has one all the same (torchvision).
    package init(
        _ inputs: Int, _ outputs: Int, kernel: Int, groupCount: Int, bias: Bool = false,
        activation: Activation = .none, initializer: Initializer = .kaimingNormalFanOut
    ) {
        conv = Conv2d(inputs, outputs, kernel: kernel, bias: bias, initializer: initializer)
        bn = nil
        gn = GroupNorm(outputs, groupCount: groupCount)
        self.activation = activation
    }

    package func callAsFunction(_ x: Variable, _ tape: Tape) -> Variable {
        if let bn { return bn(conv(x, tape), tape, activation: activation) }
        if let gn { return gn(conv(x, tape), tape, activation: activation) }
        return conv(x, tape, activation: activation)
    }

    package func visit(_ visitor: inout ParameterVisitor) {
        visitor.visit("conv", conv)
        visitor.visit("bn", bn)
        visitor.visit("gn", gn)
    }
}
