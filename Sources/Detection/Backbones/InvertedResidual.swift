package import NN
internal import Tensors

/// A block of MobileNetV2: 1x1 expansion, 3x3 depthwise convolution, linear 1x1 projection, shortcut where shapes agree.
/// - Source: Sandler et al. 2018; names as torchvision's (`conv.0.0`, `conv.0.1`, `conv.1.0`, ..., `conv.3`).
package final class InvertedResidual: Module {
    /// One convolution with its norm and its two names.
    struct Part {
        let names: (conv: String, norm: String)
        let conv: Conv2d
        let norm: BatchNorm2d
        let activation: Activation
    }

    private let parts: [Part]
    private let hasShortcut: Bool
    private var folded: [FoldedConvolution]?

    init(inputs: Int, outputs: Int, stride: Int, expansion: Int, norm: (Int) -> BatchNorm2d) {
        let hidden = inputs * expansion
        var parts: [Part] = []
        func append(_ names: (String, String), _ conv: Conv2d, _ activation: Activation) {
            parts.append(
                Part(names: names, conv: conv, norm: norm(conv.weight.shape[0]), activation: activation))
        }
        if expansion != 1 {
            append(("conv.0.0", "conv.0.1"), Conv2d(inputs, hidden, kernel: 1, bias: false), .relu6)
        }
        let next = parts.count
        append(
            ("conv.\(next).0", "conv.\(next).1"),
            Conv2d(hidden, hidden, kernel: 3, stride: stride, groups: hidden, bias: false), .relu6)
        append(
            ("conv.\(next + 1)", "conv.\(next + 2)"), Conv2d(hidden, outputs, kernel: 1, bias: false), .none)
        self.parts = parts
        hasShortcut = stride == 1 && inputs == outputs
    }

    func callAsFunction(_ x: Variable, _ tape: Tape) -> Variable {
        var y = x
        for (i, part) in parts.enumerated() {
            let addend = hasShortcut && i + 1 == parts.count ? x : nil
            y = part.norm(part.conv(y, tape), tape, addend: addend, activation: part.activation)
        }
        return y
    }

    /// The same, frozen and folded.
    /// - mayOverwrite: whether `x` is read by nobody else, so that the result may take its place.
    func frozen(_ x: Tensor, mayOverwrite: Bool) -> Tensor {
        let convolutions =
            folded ?? parts.map { FoldedConvolution($0.conv, $0.norm, activation: $0.activation) }
        folded = convolutions
        var y = x
        for conv in convolutions.dropLast() { y = conv(y) }
        let addend = hasShortcut ? (mayOverwrite ? x : x.copied()) : nil
        return convolutions[convolutions.count - 1](y, addend: addend)
    }

    package func visit(_ visitor: inout ParameterVisitor) {
        for part in parts {
            visitor.visit(part.names.conv, part.conv)
            visitor.visit(part.names.norm, part.norm)
        }
        visitor.onLoad { [unowned self] in folded = nil }
    }
}
