package import Tensors

/// Attention of a window's pixels to each other, with a trained bias for each relative position.
/// - Source: Liu et al. 2021, "Swin transformer", section 3.2; names as the authors'.
package final class WindowAttention: Module {
    /// [(2 window - 1)², heads]
    package let biasTable: Parameter
    /// To queries, keys and values, stacked.
    package let projection: Linear
    package let output: Linear
    private let headCount: Int
    private let rows: [Int32]

    package init(_ width: Int, headCount: Int, window: Int) {
        precondition(width.isMultiple(of: headCount), "\(width) channels in \(headCount) heads")
        biasTable = Parameter([(2 * window - 1) * (2 * window - 1), headCount], .normal(0.02))
        projection = Linear(width, 3 * width, initializer: .normal(0.02))
        output = Linear(width, width, initializer: .normal(0.02))
        self.headCount = headCount
        rows = WindowGrid.relativeRows(window: window)
    }

    /// - x: [windows, tokens, C]; mask: as of `WindowGrid`.
    /// - Returns: the same shape.
    package func callAsFunction(_ x: Variable, mask: Tensor?, _ tape: Tape) -> Variable {
        let packed = projection(x.rows, tape).reshaped([x.shape[0], x.shape[1], 3 * x.shape[2]])
        let bias = tape.relativeBias(biasTable.leaf, rows: rows)
        let attended = tape.attention(packed: packed, headCount: headCount, mask: mask, bias: bias)
        return output(attended.rows, tape).reshaped(x.shape)
    }

    package func visit(_ visitor: inout ParameterVisitor) {
        visitor.visit("relative_position_bias_table", biasTable)
        visitor.visit("qkv", projection)
        visitor.visit("proj", output)
    }
}
