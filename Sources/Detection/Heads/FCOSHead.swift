internal import Foundation
package import NN
package import Tensors

/// What an anchor-free head says of every point, one map per pyramid level.
package struct PointOutput {
    /// [N, H, W, K] class logits.
    package let logits: [Variable]
    /// What is said of the boxes.
    package let boxes: PointBoxes
}

/// What an anchor-free head says of every point's box, one map per pyramid level.
package struct PointBoxes {
    /// [N, H, W, 4] left, top, right, bottom: numbers that `FCOS.Settings.Distances` turns into pixels.
    package let distances: [Variable]
    /// [N, H, W, 1] logits of how central the point lies in its box.
    package let centreness: [Variable]
}

/// Two towers of 3x3 convolutions with group norms, shared by all pyramid levels, one for classes and one for
/// boxes.
/// - Source: Tian et al. 2019, "FCOS"; names as mmdetection's (`cls_convs.i.conv`, `cls_convs.i.gn`,
///   `conv_cls`, `reg_convs.i...`, `conv_reg`, `conv_centerness`, `scales.i.scale`). Differs: none.
package final class FCOSHead: Module {
    /// How the towers are built; mmdetection and torchvision differ.
    package struct Layout: Sendable {
        package var channels: Int
        package var convolutionCount: Int
        /// Of the norms.
        package var groupCount: Int
        /// Whether the towers' convolutions have biases beside their norms.
        package var hasTowerBias: Bool
        package var centrenessOnBoxTower: Bool
        /// Levels that have a trained factor of their own for their distances; 0 for none.
        package var scaleCount: Int

        package init(
            channels: Int, convolutionCount: Int, groupCount: Int, hasTowerBias: Bool,
            centrenessOnBoxTower: Bool,
            scaleCount: Int
        ) {
            self.channels = channels
            self.convolutionCount = convolutionCount
            self.groupCount = groupCount
            self.hasTowerBias = hasTowerBias
            self.centrenessOnBoxTower = centrenessOnBoxTower
            self.scaleCount = scaleCount
        }
    }

    /// The last layer of the class branch.
    package enum Output: Sendable {
        /// K class logits per point; `prior`: each class's probability at the start.
        case classes(Int, prior: Float)
        /// An embedding per point (AlignDet).
        case embedding(hidden: Int, dimension: Int)
    }

    package let classTower: [ConvModule]
    package let boxTower: [ConvModule]
    /// Class logits for detection; absent in pre-training, where a projection takes its place.
    package let classOutput: Conv2d?
    package let projection: PointProjection?
    private let boxOutput: Conv2d
    private let centrenessOutput: Conv2d
    private let scales: [LevelScale]
    private let layout: Layout

    package init(inputs: Int, layout: Layout, output: Output) {
        let channels = layout.channels
        func tower() -> [ConvModule] {
            (0..<layout.convolutionCount).map {
                ConvModule(
                    $0 == 0 ? inputs : channels, channels, kernel: 3, groupCount: layout.groupCount,
                    bias: layout.hasTowerBias, activation: .relu, initializer: .normal(0.01))
            }
        }
        self.layout = layout
        classTower = tower()
        boxTower = tower()
        boxOutput = Conv2d(channels, 4, kernel: 3, initializer: .normal(0.01))
        centrenessOutput = Conv2d(channels, 1, kernel: 3, initializer: .normal(0.01))
        scales = (0..<layout.scaleCount).map { _ in LevelScale() }
        switch output {
        case .classes(let count, let prior):
            classOutput = Conv2d(
                channels, count, kernel: 3, initializer: .normal(0.01), biasValue: -log((1 - prior) / prior))
            projection = nil
        case .embedding(let hidden, let dimension):
            classOutput = nil
            projection = PointProjection(inputs: channels, hidden: hidden, dimension: dimension)
        }
    }

    /// The class tower's features of each level, [N, H, W, C].
    package func classFeatures(_ pyramid: [Variable], _ tape: Tape) -> [Variable] {
        pyramid.map { classTower.reduce($0) { $1($0, tape) } }
    }

    /// - classFeatures: of the same pyramid.
    package func boxes(_ pyramid: [Variable], classFeatures: [Variable], _ tape: Tape) -> PointBoxes {
        precondition(
            scales.isEmpty || scales.count == pyramid.count, "\(scales.count) scales, \(pyramid.count) levels"
        )
        let features = pyramid.map { boxTower.reduce($0) { $1($0, tape) } }
        let distances = features.enumerated().map { level, map in
            let raw = boxOutput.output(map, tape)
            return scales.isEmpty ? raw : tape.scaled(raw, by: scales[level].scale.leaf)
        }
        let centreness = (layout.centrenessOnBoxTower ? features : classFeatures).map {
            centrenessOutput.output($0, tape)
        }
        return PointBoxes(distances: distances, centreness: centreness)
    }

    package func callAsFunction(_ pyramid: [Variable], _ tape: Tape) -> PointOutput {
        guard let classOutput else {
            preconditionFailure("a head built for pre-training has no class logits")
        }
        let features = classFeatures(pyramid, tape)
        return PointOutput(
            logits: features.map { classOutput.output($0, tape) },
            boxes: boxes(pyramid, classFeatures: features, tape))
    }

    /// The class branch comes first: the part that a momentum network shares with its online network is a
    /// prefix.
    package func visit(_ visitor: inout ParameterVisitor) {
        visitor.visit("cls_convs", classTower)
        visitor.visit("conv_cls", classOutput)
        visitor.visit("conv_cls", projection)
        visitor.visit("reg_convs", boxTower)
        visitor.visit("conv_reg", boxOutput)
        visitor.visit("conv_centerness", centrenessOutput)
        visitor.visit("scales", scales)
    }

    /// A factor of one pyramid level.
    private final class LevelScale: Module {
        let scale = Parameter([], .constant(1))

        func visit(_ visitor: inout ParameterVisitor) { visitor.visit("scale", scale) }
    }
}
