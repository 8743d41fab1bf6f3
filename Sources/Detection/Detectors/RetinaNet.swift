package import DetectionData
package import NN
package import Tensors

/// One-stage detector with anchors on a feature pyramid.
/// - Source: Lin et al. 2017, "Focal loss for dense object detection"; names and defaults as mmdetection 2.x.
package final class RetinaNet: Detector {
    /// What training and testing need to know beyond the layers.
    package struct Settings: Sendable {
        /// How losses are divided.
        package enum Normalization: Sendable {
            /// By the positives of the micro-batch (mmdetection).
            case perBatch
            /// Each image by its own positives, then the mean over images (torchvision).
            case perImage
        }

        package enum BoxLoss: Sendable {
            case offsets(BoxRegressionLoss)
            /// On decoded boxes.
            case giou
        }

        package var matcher: MaxIoUMatcher
        package var focal = FocalLoss()
        package var boxLoss: BoxLoss
        package var normalization: Normalization
        package var candidatesPerLevel: Int
        package var scoreThreshold: Float
        package var suppressionThreshold: Float
        package var detectionLimit: Int

        package init(
            matcher: MaxIoUMatcher, boxLoss: BoxLoss, normalization: Normalization, candidatesPerLevel: Int,
            scoreThreshold: Float, suppressionThreshold: Float, detectionLimit: Int
        ) {
            self.matcher = matcher
            self.boxLoss = boxLoss
            self.normalization = normalization
            self.candidatesPerLevel = candidatesPerLevel
            self.scoreThreshold = scoreThreshold
            self.suppressionThreshold = suppressionThreshold
            self.detectionLimit = detectionLimit
        }
    }

    package let lossNames = ["loss_cls", "loss_bbox"]
    package let backbone: any Backbone
    package let neck: FPN
    package let head: RetinaHead
    package let anchorGenerator: AnchorGenerator
    package let settings: Settings

    package init(
        backbone: any Backbone, neck: FPN, head: RetinaHead, anchorGenerator: AnchorGenerator,
        settings: Settings
    ) {
        self.backbone = backbone
        self.neck = neck
        self.head = head
        self.anchorGenerator = anchorGenerator
        self.settings = settings
    }

    /// - paths: nil in evaluation.
    package func forward(_ images: Tensor, paths: PathDraws? = nil, _ tape: Tape) -> DenseOutput {
        let maps = backbone(images, paths: paths, tape)
        tape.lap(.backbone)
        let output = head(neck(maps, tape), tape)
        tape.lap(.forward)
        return output
    }

    package func losses(
        _ images: Tensor, _ targets: [Target], paths: PathDraws? = nil, _ tape: Tape
    ) -> [LossTerm] {
        let output = forward(images, paths: paths, tape)
        return RetinaLoss(settings: settings, anchors: anchors(of: output, images)).terms(
            output, targets, tape)
    }

    /// Takes every anchor: only the backbone draws.
    package func losses(_ images: Tensor, _ targets: [Target], draws: DrawKey, _ tape: Tape) -> [LossTerm] {
        losses(images, targets, paths: draws.paths(targets), tape)
    }

    package func detect(_ images: Tensor, _ targets: [Target]) -> [[DetectedObject]] {
        let output = forward(images, Tape(recording: false))
        return DenseDecoder(settings: settings, anchors: anchors(of: output, images)).detections(
            output, targets)
    }

    private func anchors(of output: DenseOutput, _ images: Tensor) -> AnchorSet {
        anchorGenerator.anchors(
            output.deltas.map { ($0.shape[1], $0.shape[2]) }, inputHeight: images.shape[1],
            inputWidth: images.shape[2])
    }

    package var frozenPrefixes: [String] { backbone.frozenPrefixes.map { "backbone." + $0 } }

    package func visit(_ visitor: inout ParameterVisitor) {
        visitor.visit("backbone", backbone)
        visitor.visit("neck", neck)
        visitor.visit("bbox_head", head)
    }
}
