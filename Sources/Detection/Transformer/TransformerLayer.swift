internal import NN
internal import Tensors

/// What every layer of a transformer is told beside its tokens.
struct TransformerContext {
    /// [N, Lm, D], added to the memory's tokens wherever they are compared, never to their values.
    let position: Variable
    /// [N, Lm], true for the memory's tokens that nobody attends to.
    let keyPadding: [Bool]?
    let dropout: DropoutStream?
    let tape: Tape

    func dropped(_ x: Variable) -> Variable { tape.dropout(x, dropout?.next()) }
}

/// Self-attention and a feed-forward network, each beside a shortcut.
/// - Source: Carion et al. 2020, A.4; names as facebookresearch/detr's `TransformerEncoderLayer`.
final class EncoderLayer: Module {
    private let attention: MultiHeadAttention
    private let feedForward: FeedForward
    private let norms: [LayerNorm]
    private let isPreNorm: Bool

    init(_ shape: TransformerShape) {
        attention = MultiHeadAttention(shape.width, headCount: shape.headCount)
        feedForward = FeedForward(shape.width, hidden: shape.hidden, zeroBiases: shape.zeroBiases)
        norms = (0..<2).map { _ in LayerNorm(shape.width) }
        isPreNorm = shape.isPreNorm
    }

    /// - x: [N, L, D].
    func callAsFunction(_ x: Variable, _ context: TransformerContext) -> Variable {
        let tape = context.tape
        func attended(_ x: Variable) -> Variable {
            let compared = tape.add(x, context.position)
            return context.dropped(
                attention(
                    query: compared, key: compared, value: x, keyPadding: context.keyPadding,
                    dropout: context.dropout, tape))
        }
        func fed(_ x: Variable) -> Variable {
            context.dropped(feedForward(x, dropout: context.dropout, tape))
        }
        if isPreNorm {
            let y = tape.add(x, attended(norms[0](x, tape)))
            return tape.add(y, fed(norms[1](y, tape)))
        }
        let y = norms[0](tape.add(x, attended(x)), tape)
        return norms[1](tape.add(y, fed(y)), tape)
    }

    func visit(_ visitor: inout ParameterVisitor) {
        visitor.visit("self_attn", attention)
        feedForward.visit(&visitor)
        for (i, norm) in norms.enumerated() { visitor.visit("norm\(i + 1)", norm) }
    }
}

/// Self-attention of the queries, attention to the memory and a feed-forward network, each beside a shortcut.
/// - Source: Carion et al. 2020, A.4; names as facebookresearch/detr's `TransformerDecoderLayer`.
final class DecoderLayer: Module {
    private let selfAttention: MultiHeadAttention
    private let crossAttention: MultiHeadAttention
    private let feedForward: FeedForward
    private let norms: [LayerNorm]
    private let isPreNorm: Bool

    init(_ shape: TransformerShape) {
        selfAttention = MultiHeadAttention(shape.width, headCount: shape.headCount)
        crossAttention = MultiHeadAttention(shape.width, headCount: shape.headCount)
        feedForward = FeedForward(shape.width, hidden: shape.hidden, zeroBiases: shape.zeroBiases)
        norms = (0..<3).map { _ in LayerNorm(shape.width) }
        isPreNorm = shape.isPreNorm
    }

    /// - x: [N, Q, D]; queryPosition: the same; memory: [N, Lm, D], and with its position added.
    func callAsFunction(
        _ x: Variable, queryPosition: Variable, memory: (values: Variable, keys: Variable),
        _ context: TransformerContext
    ) -> Variable {
        let tape = context.tape
        func selfAttended(_ x: Variable) -> Variable {
            let compared = tape.add(x, queryPosition)
            return context.dropped(
                selfAttention(query: compared, key: compared, value: x, dropout: context.dropout, tape))
        }
        func crossAttended(_ x: Variable) -> Variable {
            context.dropped(
                crossAttention(
                    query: tape.add(x, queryPosition), key: memory.keys, value: memory.values,
                    keyPadding: context.keyPadding, dropout: context.dropout, tape))
        }
        func fed(_ x: Variable) -> Variable {
            context.dropped(feedForward(x, dropout: context.dropout, tape))
        }
        let parts = [selfAttended, crossAttended, fed]
        return zip(norms, parts).reduce(x) { x, step in
            let (norm, part) = step
            return isPreNorm ? tape.add(x, part(norm(x, tape))) : norm(tape.add(x, part(x)), tape)
        }
    }

    func visit(_ visitor: inout ParameterVisitor) {
        visitor.visit("self_attn", selfAttention)
        visitor.visit("multihead_attn", crossAttention)
        feedForward.visit(&visitor)
        for (i, norm) in norms.enumerated() { visitor.visit("norm\(i + 1)", norm) }
    }
}
