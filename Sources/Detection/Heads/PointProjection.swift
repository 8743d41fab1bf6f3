package import NN
package import Tensors

/// AlignDet's projection for points: 3x3 convolution, ReLU, 1x1 convolution, evaluated at chosen points only.
/// Evaluating it everywhere and then picking gives the same numbers and gradients for far more work.
/// - Source: liming-ai/AlignDet `dense_heads/fcos_head.py`.
package final class PointProjection: Module {
    private static let kernel = 3
    private let hidden: Linear
    private let output: Linear

    package init(inputs: Int, hidden width: Int, dimension: Int) {
        let area = Self.kernel * Self.kernel
        hidden = Linear(
            inputs * area, width, initializer: .normal(0.01),
            shape: [width, inputs, Self.kernel, Self.kernel])
        output = Linear(width, dimension, initializer: .normal(0.01), shape: [dimension, width, 1, 1])
    }

    /// - features: the tower's maps, [N, H, W, C] per level; cells: per level, positions in [N H W].
    /// - Returns: [R, D], level after level.
    package func callAsFunction(_ features: [Variable], cells: [[Int32]], _ tape: Tape) -> Variable {
        let patches = zip(features, cells).map { tape.gatherPatches($0, $1, kernel: Self.kernel) }
        return output(hidden(tape.concatenateRows(patches), tape, activation: .relu), tape)
    }

    package func visit(_ visitor: inout ParameterVisitor) {
        visitor.visit("0", hidden)
        visitor.visit("2", output)
    }
}
