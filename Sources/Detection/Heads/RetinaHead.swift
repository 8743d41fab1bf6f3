internal import Foundation
package import NN
package import Tensors

/// What a dense head says of every anchor, one map per pyramid level.
package struct DenseOutput {
    /// [N, H, W, A K] class logits.
    package let logits: [Variable]
    /// [N, H, W, A 4] box offsets.
    package let deltas: [Variable]
}

/// Two towers of 3x3 convolutions shared by all pyramid levels, one for classes and one for boxes.
/// - Source: Lin et al. 2017, "Focal loss"; names as mmdetection's (`cls_convs.i.conv`, `retina_cls`, `reg_convs.i.conv`,
///   `retina_reg`). Differs: none.
package final class RetinaHead: Module {
    package let classTower: [ConvModule]
    package let boxTower: [ConvModule]
    package let boxOutput: Conv2d
    /// Class logits for detection; absent in pre-training, where a projection takes its place.
    package let classOutput: Conv2d?
    package let projection: AnchorProjection?
    package let anchorShapeCount: Int

    /// The last layer of the class branch.
    package enum Output: Sendable {
        /// K class logits per anchor; `prior`: each class's probability at the start (0.01 in the paper).
        case classes(Int, prior: Float)
        /// An embedding per anchor (AlignDet).
        case embedding(hidden: Int, dimension: Int)
    }

    package init(inputs: Int, channels: Int, convolutionCount: Int, anchorShapeCount: Int, output: Output) {
        func tower() -> [ConvModule] {
            (0..<convolutionCount).map {
                ConvModule(
                    $0 == 0 ? inputs : channels, channels, kernel: 3, activation: .relu,
                    initializer: .normal(0.01))
            }
        }
        self.anchorShapeCount = anchorShapeCount
        classTower = tower()
        boxTower = tower()
        boxOutput = Conv2d(channels, 4 * anchorShapeCount, kernel: 3, initializer: .normal(0.01))
        switch output {
        case .classes(let count, let prior):
            classOutput = Conv2d(
                channels, count * anchorShapeCount, kernel: 3, initializer: .normal(0.01),
                biasValue: -log((1 - prior) / prior))
            projection = nil
        case .embedding(let hidden, let dimension):
            classOutput = nil
            projection = AnchorProjection(
                inputs: channels, hidden: hidden, dimension: dimension, anchorShapeCount: anchorShapeCount)
        }
    }

    /// The class tower's features of each level, [N, H, W, C].
    package func classFeatures(_ pyramid: [Variable], _ tape: Tape) -> [Variable] {
        pyramid.map { classTower.reduce($0) { $1($0, tape) } }
    }

    /// Box offsets of each level, [N, H, W, A 4].
    package func boxDeltas(_ pyramid: [Variable], _ tape: Tape) -> [Variable] {
        pyramid.map { boxOutput.output(boxTower.reduce($0) { $1($0, tape) }, tape) }
    }

    package func callAsFunction(_ pyramid: [Variable], _ tape: Tape) -> DenseOutput {
        guard let classOutput else {
            preconditionFailure("a head built for pre-training has no class logits")
        }
        return DenseOutput(
            logits: classFeatures(pyramid, tape).map { classOutput.output($0, tape) },
            deltas: boxDeltas(pyramid, tape))
    }

    /// The class branch comes first: the part that a momentum network shares with its online network is a prefix.
    package func visit(_ visitor: inout ParameterVisitor) {
        visitor.visit("cls_convs", classTower)
        visitor.visit("retina_cls", classOutput)
        visitor.visit("retina_cls", projection)
        visitor.visit("reg_convs", boxTower)
        visitor.visit("retina_reg", boxOutput)
    }
}
