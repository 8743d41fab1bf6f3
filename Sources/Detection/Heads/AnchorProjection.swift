package import NN
package import Tensors

/// AlignDet's projection: 1x1 convolution, ReLU, 1x1 convolution to one embedding per anchor shape, evaluated at chosen
/// anchors only. Evaluating it everywhere and then picking gives the same numbers and gradients for far more work.
/// - Source: liming-ai/AlignDet `dense_heads/retina_head.py`.
package final class AnchorProjection: Module {
    private let hidden: Linear
    private let output: Linear
    private let anchorShapeCount: Int

    package init(inputs: Int, hidden width: Int, dimension: Int, anchorShapeCount: Int) {
        hidden = Linear(inputs, width, initializer: .normal(0.01), shape: [width, inputs, 1, 1])
        output = Linear(
            width, dimension * anchorShapeCount, initializer: .normal(0.01),
            shape: [dimension * anchorShapeCount, width, 1, 1])
        self.anchorShapeCount = anchorShapeCount
    }

    /// - features: [R, C], the tower's features at each anchor's cell; shape: each anchor's shape, 0..<A.
    /// - Returns: [R, D].
    package func callAsFunction(_ features: Variable, shape: [Int32], _ tape: Tape) -> Variable {
        tape.groupedLinear(
            hidden(features, tape, activation: .relu), weight: output.weight.leaf, bias: output.bias.leaf,
            group: shape, groupCount: anchorShapeCount)
    }

    package func visit(_ visitor: inout ParameterVisitor) {
        visitor.visit("0", hidden)
        visitor.visit("2", output)
    }
}
