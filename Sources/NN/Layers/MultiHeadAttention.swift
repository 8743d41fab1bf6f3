package import Tensors

/// Multi-head attention with its four projections; those of queries, keys and values lie stacked in one
/// matrix.
/// - Source: Vaswani et al. 2017, section 3.2.2; names and numerics as PyTorch's `MultiheadAttention`.
package final class MultiHeadAttention: Module {
    /// [3 D, D] and [3 D]: queries, keys, values.
    package let inputWeight: Parameter
    package let inputBias: Parameter
    package let output: Linear
    private let headCount: Int
    private let width: Int

    package init(_ width: Int, headCount: Int) {
        precondition(width.isMultiple(of: headCount), "\(width) channels in \(headCount) heads")
        inputWeight = Parameter([3 * width, width], .xavierUniform)
        inputBias = Parameter([3 * width], .zeros)
        output = Linear(width, width, initializer: .xavierUniform)
        self.headCount = headCount
        self.width = width
    }

    /// - query: [N, Lq, D]; key, value: [N, Lk, D], before their projections.
    /// - keyPadding: [N, Lk], true for keys that nobody attends to; mask, bias: as of `Tape.attention`.
    /// - dropout: of the probabilities.
    /// - Returns: [N, Lq, D].
    package func callAsFunction(
        query: Variable, key: Variable, value: Variable, keyPadding: [Bool]? = nil, mask: Tensor? = nil,
        bias: Variable? = nil, dropout: DropoutStream? = nil, _ tape: Tape
    ) -> Variable {
        func projected(_ x: Variable, _ place: Int) -> Variable {
            tape.linear(
                x, weight: inputWeight.leaf, bias: inputBias.leaf,
                part: (place * width)..<((place + 1) * width))
        }
        let attended = tape.attention(
            query: projected(query, 0), key: projected(key, 1), value: projected(value, 2),
            headCount: headCount,
            keyPadding: keyPadding, mask: mask, bias: bias, dropout: dropout?.next())
        return output(attended.rows, tape).reshaped(query.shape)
    }

    package func visit(_ visitor: inout ParameterVisitor) {
        visitor.visit("in_proj_weight", inputWeight)
        visitor.visit("in_proj_bias", inputBias)
        visitor.visit("out_proj", output)
    }
}
