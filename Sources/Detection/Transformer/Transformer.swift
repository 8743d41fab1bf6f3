internal import NN
internal import Tensors

/// Sizes of a transformer.
package struct TransformerShape: Sendable {
    package let width: Int
    package let headCount: Int
    /// Channels between the two feed-forward layers.
    package let hidden: Int
    package let encoderLayerCount: Int
    package let decoderLayerCount: Int
    /// Whether layers normalise what enters them instead of their sums.
    package let isPreNorm: Bool
    /// Whether feed-forward biases start at 0 (mmdetection), not as PyTorch's layers do
    /// (facebookresearch/detr).
    package let zeroBiases: Bool

    package init(
        width: Int, headCount: Int, hidden: Int, encoderLayerCount: Int, decoderLayerCount: Int,
        isPreNorm: Bool,
        zeroBiases: Bool
    ) {
        (self.width, self.headCount, self.hidden) = (width, headCount, hidden)
        (self.encoderLayerCount, self.decoderLayerCount) = (encoderLayerCount, decoderLayerCount)
        (self.isPreNorm, self.zeroBiases) = (isPreNorm, zeroBiases)
    }
}

/// Encoder over the image's tokens, decoder over the queries.
/// - Source: Carion et al. 2020, A.4; names as facebookresearch/detr's `Transformer`.
final class Transformer: Module {
    private let encoder: [EncoderLayer]
    private let decoder: [DecoderLayer]
    /// There where layers normalise what enters them.
    private let encoderNorm: LayerNorm?
    /// Of every decoder layer's output; the next layer continues from what was not normalised.
    private let decoderNorm: LayerNorm

    init(_ shape: TransformerShape) {
        encoder = (0..<shape.encoderLayerCount).map { _ in EncoderLayer(shape) }
        decoder = (0..<shape.decoderLayerCount).map { _ in DecoderLayer(shape) }
        encoderNorm = shape.isPreNorm ? LayerNorm(shape.width) : nil
        decoderNorm = LayerNorm(shape.width)
    }

    /// - tokens: [N, L, D]; queries: [N, Q, D].
    /// - Returns: each decoder layer's output, [N, Q, D].
    func callAsFunction(_ tokens: Variable, queries: Variable, _ context: TransformerContext) -> [Variable] {
        let tape = context.tape
        var memory = encoder.reduce(tokens) { $1($0, context) }
        if let encoderNorm { memory = encoderNorm(memory, tape) }
        let keys = tape.add(memory, context.position)
        var x = Variable(constant: Tensor(zeros: queries.shape))
        return decoder.map { layer in
            x = layer(x, queryPosition: queries, memory: (memory, keys), context)
            return decoderNorm(x, tape)
        }
    }

    func visit(_ visitor: inout ParameterVisitor) {
        visitor.visit("encoder.layers", encoder)
        visitor.visit("encoder.norm", encoderNorm)
        visitor.visit("decoder.layers", decoder)
        visitor.visit("decoder.norm", decoderNorm)
    }
}
