package import NN
package import Tensors

/// A residual block of ResNet: two 3x3 convolutions (basic) or 1x1, 3x3, 1x1 with four times the width (bottleneck,
/// the stride in the 3x3 as PyTorch has it), each with batch norm, plus the shortcut.
/// - Source: He et al. 2016; names as torchvision's `conv1, bn1, ..., downsample.0, downsample.1`.
package final class ResidualBlock: Module {
    private let convolutions: [Conv2d]
    private let norms: [BatchNorm2d]
    private let downsample: (Conv2d, BatchNorm2d)?
    private var folded: (body: [FoldedConvolution], shortcut: FoldedConvolution?)?

    package init(
        inputs: Int, width: Int, stride: Int, bottleneck: Bool, norm: (Int) -> BatchNorm2d
    ) {
        let outputs = bottleneck ? 4 * width : width
        func conv(_ i: Int, _ o: Int, _ k: Int, _ s: Int = 1) -> Conv2d {
            Conv2d(i, o, kernel: k, stride: s, bias: false)
        }
        convolutions =
            bottleneck
            ? [conv(inputs, width, 1), conv(width, width, 3, stride), conv(width, outputs, 1)]
            : [conv(inputs, width, 3, stride), conv(width, outputs, 3)]
        norms = convolutions.map { norm($0.weight.shape[0]) }
        downsample =
            stride != 1 || inputs != outputs ? (conv(inputs, outputs, 1, stride), norm(outputs)) : nil
    }

    package func callAsFunction(_ x: Variable, _ tape: Tape) -> Variable {
        let shortcut = downsample.map { $0.1($0.0(x, tape), tape) } ?? x
        var y = x
        for (i, (conv, norm)) in zip(convolutions, norms).enumerated() {
            let isLast = i + 1 == convolutions.count
            y = norm(conv(y, tape), tape, addend: isLast ? shortcut : nil, activation: .relu)
        }
        return y
    }

    /// The same, frozen: batch norms folded, shortcut and ReLU done by the last convolution.
    /// - mayOverwrite: whether `x` is read by nobody else, so that the result may take its place.
    package func frozen(_ x: Tensor, mayOverwrite: Bool) -> Tensor {
        let parts = folded ?? fold()
        folded = parts
        let shortcut = parts.shortcut.map { $0(x) } ?? (mayOverwrite ? x : x.copied())
        var y = x
        for conv in parts.body.dropLast() { y = conv(y) }
        return parts.body[parts.body.count - 1](y, addend: shortcut)
    }

    private func fold() -> (body: [FoldedConvolution], shortcut: FoldedConvolution?) {
        (
            zip(convolutions, norms).map { FoldedConvolution($0, $1, activation: .relu) },
            downsample.map { FoldedConvolution($0.0, $0.1, activation: .none) }
        )
    }

    package func visit(_ visitor: inout ParameterVisitor) {
        for (i, (conv, norm)) in zip(convolutions, norms).enumerated() {
            visitor.visit("conv\(i + 1)", conv)
            visitor.visit("bn\(i + 1)", norm)
        }
        visitor.visit("downsample.0", downsample?.0)
        visitor.visit("downsample.1", downsample?.1)
        visitor.onLoad { [unowned self] in folded = nil }
    }
}
