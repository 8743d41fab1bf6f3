package import NN
package import Tensors

/// The first stage: whether each anchor holds an object, and where exactly.
/// - Source: Ren et al. 2015; names as mmdetection's (`rpn_conv`, `rpn_cls`, `rpn_reg`).
package final class RPNHead: Module {
    private let conv: Conv2d
    private let classOutput: Conv2d
    private let boxOutput: Conv2d

    package init(inputs: Int, channels: Int, anchorShapeCount: Int) {
        conv = Conv2d(inputs, channels, kernel: 3, initializer: .normal(0.01))
        classOutput = Conv2d(channels, anchorShapeCount, kernel: 1, initializer: .normal(0.01))
        boxOutput = Conv2d(channels, 4 * anchorShapeCount, kernel: 1, initializer: .normal(0.01))
    }

    /// One logit and four offsets per anchor of every level.
    package func callAsFunction(_ pyramid: [Variable], _ tape: Tape) -> DenseOutput {
        let hidden = pyramid.map { conv($0, tape, activation: .relu) }
        return DenseOutput(
            logits: hidden.map { classOutput.output($0, tape) },
            deltas: hidden.map { boxOutput.output($0, tape) })
    }

    /// The same at chosen cells alone.
    /// - cells: per level, positions in [N H W].
    /// - Returns: logits [R, S] and offsets [R, 4 S] of every cell, level after level.
    package func rows(
        _ pyramid: [Variable], cells: [[Int32]], _ tape: Tape
    ) -> (logits: Variable, deltas: Variable) {
        let patches = zip(pyramid, cells).map { tape.gatherPatches($0, $1, kernel: 3) }
        let hidden = tape.linear(
            tape.concatenateRows(patches), weight: conv.weight.leaf, bias: conv.bias?.leaf, activation: .relu)
        func output(_ layer: Conv2d) -> Variable {
            tape.linear(hidden, weight: layer.weight.leaf, bias: layer.bias?.leaf)
        }
        return (output(classOutput), output(boxOutput))
    }

    package func visit(_ visitor: inout ParameterVisitor) {
        visitor.visit("rpn_conv", conv)
        visitor.visit("rpn_cls", classOutput)
        visitor.visit("rpn_reg", boxOutput)
    }
}
