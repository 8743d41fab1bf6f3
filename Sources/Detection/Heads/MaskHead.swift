package import NN
package import Tensors

/// A small fully convolutional network on every region: one map of logits per class, twice as fine as the region.
/// - Source: He et al. 2017; names as mmdetection's `FCNMaskHead` (`convs.i.conv`, `upsample`, `conv_logits`).
package final class MaskHead: Module {
    /// Transposed convolution, [C, C, 2, 2].
    private final class Upsample: Module {
        let weight: Parameter
        let bias: Parameter

        init(_ channels: Int) {
            weight = Parameter([channels, channels, 2, 2], .kaimingNormalFanOut)
            bias = Parameter([channels], .zeros)
        }

        func visit(_ visitor: inout ParameterVisitor) {
            visitor.visit("weight", weight)
            visitor.visit("bias", bias)
        }
    }

    private let convolutions: [ConvModule]
    private let upsample: Upsample
    private let output: Conv2d

    /// - norm: of the convolutions, which have biases without one.
    package init(
        inputs: Int, channels: Int, convolutionCount: Int, classCount: Int,
        norm: (mode: NormMode, reducer: any StatisticsReducer)? = nil
    ) {
        precondition(convolutionCount > 0 || inputs == channels, "\(inputs) channels into \(channels)")
        convolutions = (0..<convolutionCount).map {
            ConvModule($0 == 0 ? inputs : channels, channels, kernel: 3, norm: norm, activation: .relu)
        }
        upsample = Upsample(channels)
        output = Conv2d(channels, classCount, kernel: 1)
    }

    /// - regions: [R, B, B, C]. Returns logits, [R, 2 B, 2 B, K].
    package func callAsFunction(_ regions: Variable, _ tape: Tape) -> Variable {
        let features = convolutions.reduce(regions) { $1($0, tape) }
        let fine = tape.upsampleConvolution(
            features, weight: upsample.weight.leaf, bias: upsample.bias.leaf, activation: .relu)
        return output(fine, tape)
    }

    package func visit(_ visitor: inout ParameterVisitor) {
        visitor.visit("convs", convolutions)
        visitor.visit("upsample", upsample)
        visitor.visit("conv_logits", output)
    }
}
