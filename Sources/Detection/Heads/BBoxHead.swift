package import NN
package import Tensors

/// What a second stage says of every region.
package struct RegionOutput {
    /// [R, K + 1] class logits, background last.
    package let logits: Variable
    /// [R, 4 K] box offsets, or [R, 4] where all classes share them.
    package let deltas: Variable
}

/// The second stage: convolutions and fully connected layers shared by classes and boxes.
/// - Source: Ren et al. 2015, Wu and He 2018 (four convolutions and one layer); names as mmdetection's `BBoxHead`
///   (`shared_convs.i.conv`, `shared_fcs.i`, `fc_cls`, `fc_reg`).
package final class BBoxHead: Module {
    /// What the class branch ends in.
    package enum Output: Sendable {
        /// K classes and the background.
        case classes(Int)
        /// An embedding per region, and boxes for as many classes as proposals may have labels (AlignDet).
        case embedding(hidden: Int, dimension: Int, boxSlots: Int)
    }

    package let convolutions: [ConvModule]
    package let layers: [Linear]
    private let classOutput: Linear?
    private let boxOutput: Linear
    /// In a head built to pre-train, the two layers that make an embedding of a region's features.
    package let projection: (hidden: Linear, output: Linear)?

    /// - bins: along each side of a region; layerCount: of the fully connected layers, one at least; width: theirs.
    /// - norm: of the convolutions, which have biases without one.
    package init(
        inputs: Int, bins: Int, convolutionCount: Int, convolutionChannels: Int, layerCount: Int, width: Int,
        sharesBoxes: Bool, norm: (mode: NormMode, reducer: any StatisticsReducer)? = nil, output: Output
    ) {
        convolutions = (0..<convolutionCount).map {
            ConvModule(
                $0 == 0 ? inputs : convolutionChannels, convolutionChannels, kernel: 3, norm: norm,
                activation: .relu)
        }
        let flat = (convolutionCount == 0 ? inputs : convolutionChannels) * bins * bins
        precondition(layerCount > 0, "a second stage without a layer")
        layers = (0..<layerCount).map { Linear($0 == 0 ? flat : width, width, initializer: .xavierUniform) }
        func boxes(_ slots: Int) -> Linear {
            Linear(width, 4 * (sharesBoxes ? 1 : slots), initializer: .normal(0.001))
        }
        switch output {
        case .classes(let count):
            classOutput = Linear(width, count + 1, initializer: .normal(0.01))
            boxOutput = boxes(count)
            projection = nil
        case .embedding(let hidden, let dimension, let slots):
            classOutput = nil
            boxOutput = boxes(slots)
            projection = (
                Linear(width, hidden, initializer: .normal(0.01)),
                Linear(hidden, dimension, initializer: .normal(0.01))
            )
        }
    }

    /// - regions: [R, bins, bins, C]. Returns [R, width].
    package func features(_ regions: Variable, _ tape: Tape) -> Variable {
        let map = convolutions.reduce(regions) { $1($0, tape) }
        let first = layers[0](maps: map, tape, activation: .relu)
        return layers.dropFirst().reduce(first) { $1($0, tape, activation: .relu) }
    }

    package func boxDeltas(_ features: Variable, _ tape: Tape) -> Variable { boxOutput(features, tape) }

    /// The embedding of each region, for a head built to pre-train.
    package func embeddings(_ features: Variable, _ tape: Tape) -> Variable {
        guard let projection else { preconditionFailure("a head built for detection has no embeddings") }
        return projection.output(projection.hidden(features, tape, activation: .relu), tape)
    }

    package func callAsFunction(_ regions: Variable, _ tape: Tape) -> RegionOutput {
        guard let classOutput else {
            preconditionFailure("a head built for pre-training has no class logits")
        }
        let features = features(regions, tape)
        return RegionOutput(logits: classOutput(features, tape), deltas: boxOutput(features, tape))
    }

    /// Boxes come last: the part that a momentum network shares with its online network is a prefix.
    package func visit(_ visitor: inout ParameterVisitor) {
        visitor.visit("shared_convs", convolutions)
        visitor.visit("shared_fcs", layers)
        visitor.visit("fc_cls", classOutput)
        visitor.visit("fc_cls.0", projection?.hidden)
        visitor.visit("fc_cls.2", projection?.output)
        visitor.visit("fc_reg", boxOutput)
    }
}
