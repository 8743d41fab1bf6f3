package import DetectionData
package import NN
package import Tensors

/// What a set detector says after each of its decoder layers. N images, Q queries.
package struct SetOutput {
    /// [N, Q, K + 1] class logits, the last for "no object".
    package let logits: [Variable]
    /// [N, Q, 4] centre x, centre y, width and height, as shares of the picture.
    package let boxes: [Variable]
    /// [N, Q, D] what both come from.
    package let features: [Variable]
}

/// Everything of DETR behind its backbone: a transformer between the map's cells and a fixed number of
/// queries.
/// - Source: Carion et al. 2020; names as facebookresearch/detr's (`input_proj`, `transformer`,
///   `query_embed`, `class_embed`, `bbox_embed.layers`). Differs: none.
package final class DETRHead: Module {
    private let inputProjection: Linear
    private let transformer: Transformer
    /// None in a momentum network, which asks its online network's.
    private let queries: Parameter?
    package let queryCount: Int
    private let classes: Linear
    private let boxLayers: [Linear]
    /// Embeddings for pre-training: two layers with a ReLU between.
    package let projection: Projection?
    private let shape: TransformerShape

    /// - inputs: channels of the backbone's last map; projection: channels of the embedding, nil for none.
    /// - ownsQueries: false for a momentum network.
    package init(
        inputs: Int, shape: TransformerShape, queryCount: Int, classCount: Int, projection: Int? = nil,
        ownsQueries: Bool = true
    ) {
        /// PyTorch's own start of a linear layer: everything within 1 / sqrt(fan in).
        func layer(_ inputs: Int, _ outputs: Int, shape: [Int]? = nil) -> Linear {
            let start = Initializer.uniform(1 / Float(inputs).squareRoot())
            return Linear(inputs, outputs, initializer: start, shape: shape, biasInitializer: start)
        }
        let width = shape.width
        self.shape = shape
        inputProjection = layer(inputs, width, shape: [width, inputs, 1, 1])
        transformer = Transformer(shape)
        queries = ownsQueries ? Parameter([queryCount, width], .normal(1)) : nil
        self.queryCount = queryCount
        classes = layer(width, classCount + 1)
        boxLayers = [layer(width, width), layer(width, width), layer(width, 4)]
        self.projection = projection.map { Projection([layer(width, width), layer(width, $0)]) }
    }

    package var decoderLayerCount: Int { shape.decoderLayerCount }

    /// - map: the backbone's last, [N, h, w, C]; targets: for the pictures' sizes.
    /// - inputShape: of the images, [N, H, W, 3].
    /// - owner: whose queries are asked; nil for this head's own.
    package func callAsFunction(
        _ map: Variable, inputShape: [Int], _ targets: [Target], queriesOf owner: DETRHead? = nil,
        dropout: DropoutStream?, _ tape: Tape
    ) -> SetOutput {
        guard let queries = (owner ?? self).queries else {
            preconditionFailure("a head without queries was asked")
        }
        let grid = TokenGrid(
            targets, inputHeight: inputShape[1], inputWidth: inputShape[2], height: map.shape[1],
            width: map.shape[2])
        let tokens = inputProjection(map.rows, tape)
            .reshaped([map.shape[0], grid.height * grid.width, shape.width])
        let context = TransformerContext(
            position: Variable(constant: SinePositionEncoding(channels: shape.width)(grid)),
            keyPadding: grid.keyPadding, dropout: dropout, tape: tape)
        let features = transformer(
            tokens, queries: tape.parameter(queries.leaf, repeated: map.shape[0]), context)
        return SetOutput(
            logits: features.map {
                classes($0.rows, tape).reshaped($0.shape.dropLast() + [classes.bias.shape[0]])
            },
            boxes: features.map { boxes($0, tape) }, features: features)
    }

    private func boxes(_ features: Variable, _ tape: Tape) -> Variable {
        let hidden = boxLayers.dropLast().reduce(features.rows) { $1($0, tape, activation: .relu) }
        return tape.sigmoid(boxLayers[2](hidden, tape)).reshaped(features.shape.dropLast() + [4])
    }

    package func visit(_ visitor: inout ParameterVisitor) {
        visitor.visit("input_proj", inputProjection)
        visitor.visit("transformer", transformer)
        visitor.visit("class_embed", classes)
        visitor.visit("bbox_embed.layers", boxLayers)
        visitor.visit("projector", projection)
        // Last: what a momentum network has of its own is what comes before.
        visitor.visit("query_embed.weight", queries)
    }

    /// A layer, a ReLU and a layer; names count the ReLU, as a sequence of PyTorch's does.
    package final class Projection: Module {
        private let layers: [Linear]

        init(_ layers: [Linear]) { self.layers = layers }

        /// - x: [R, D]. Returns [R, E].
        package func callAsFunction(_ x: Variable, _ tape: Tape) -> Variable {
            layers[1](layers[0](x, tape, activation: .relu), tape)
        }

        package func visit(_ visitor: inout ParameterVisitor) {
            visitor.visit("0", layers[0])
            visitor.visit("2", layers[1])
        }
    }
}
