package import DetectionData
package import NN
package import Tensors

/// Detection as set prediction: a transformer whose queries are matched to the objects one to one.
/// - Source: Carion et al. 2020, "End-to-end object detection with transformers"; names as
///   facebookresearch/detr.
package final class DETR: Detector {
    /// What training and testing need to know beyond the layers.
    package struct Settings: Sendable {
        package let loss: SetLoss
        /// Probability with which training drops; in the transformer alone.
        package let dropout: Float
        package let detectionLimit: Int
        package let clipsBoxes: Bool

        package init(loss: SetLoss, dropout: Float, detectionLimit: Int, clipsBoxes: Bool) {
            (self.loss, self.dropout) = (loss, dropout)
            (self.detectionLimit, self.clipsBoxes) = (detectionLimit, clipsBoxes)
        }
    }

    package let backbone: any Backbone
    package let head: DETRHead
    package let settings: Settings

    package init(backbone: any Backbone, head: DETRHead, settings: Settings) {
        (self.backbone, self.head, self.settings) = (backbone, head, settings)
    }

    package var lossNames: [String] { SetLoss.names(layerCount: head.decoderLayerCount) }

    /// - dropout, paths: nil in evaluation.
    package func forward(
        _ images: Tensor, _ targets: [Target], dropout: DropoutStream?, paths: PathDraws? = nil, _ tape: Tape
    ) -> SetOutput {
        let maps = backbone(images, paths: paths, tape)
        tape.lap(.backbone)
        let output = head(maps[maps.count - 1], inputShape: images.shape, targets, dropout: dropout, tape)
        tape.lap(.forward)
        return output
    }

    package func losses(_ images: Tensor, _ targets: [Target], draws: DrawKey, _ tape: Tape) -> [LossTerm] {
        let dropout = draws.dropout(rate: settings.dropout, targets)
        let output = forward(images, targets, dropout: dropout, paths: draws.paths(targets), tape)
        return settings.loss.terms(output, targets, tape)
    }

    package func detect(_ images: Tensor, _ targets: [Target]) -> [[DetectedObject]] {
        let output = forward(images, targets, dropout: nil, Tape(recording: false))
        let last = output.logits.count - 1
        return SetDecoder(detectionLimit: settings.detectionLimit, clipsBoxes: settings.clipsBoxes)
            .detections(
                output.logits[last].tensor, output.boxes[last].tensor, targets)
    }

    package var frozenPrefixes: [String] { backbone.frozenPrefixes.map { "backbone." + $0 } }

    package func visit(_ visitor: inout ParameterVisitor) {
        visitor.visit("backbone", backbone)
        head.visit(&visitor)
    }
}
