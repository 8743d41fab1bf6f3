package import DetectionData
package import NN
package import Tensors

/// One-stage detector without anchors on a feature pyramid: every point says how far its box's sides are.
/// - Source: Tian et al. 2019, "FCOS: fully convolutional one-stage object detection"; names as mmdetection
///   2.x.
package final class FCOS: Detector {
    /// What training and testing need to know beyond the layers; mmdetection's and torchvision's differ in
    /// most.
    package struct Settings: Sendable {
        /// What the head's numbers mean.
        package enum Distances: Sendable {
            /// Logarithms of pixels (mmdetection).
            case exponential
            /// Strides of their level, negative ones cut off (torchvision; mmdetection's `norm_on_bbox`).
            case strides
        }

        package enum BoxLoss: Sendable {
            /// -ln IoU.
            case iou
            case giou
        }

        /// What each point's box loss is multiplied by; the sum of it is the divisor.
        package enum BoxWeight: Sendable {
            /// How central the point lies (mmdetection).
            case centreness
            case equal
        }

        /// From the probability of a class and the centreness to a score.
        package enum Score: Sendable {
            /// Their product; threshold and choice of candidates go by the probability alone (mmdetection).
            case product
            /// The product's square root, by which thresholds and choice go as well (torchvision).
            case root
        }

        package var matcher: PointMatcher
        package var focal = FocalLoss()
        package var distances: Distances
        package var boxLoss: BoxLoss
        package var boxWeight: BoxWeight
        package var score: Score
        package var candidatesPerLevel: Int
        package var scoreThreshold: Float
        package var suppressionThreshold: Float
        package var detectionLimit: Int

        package init(
            matcher: PointMatcher, distances: Distances, boxLoss: BoxLoss, boxWeight: BoxWeight, score: Score,
            candidatesPerLevel: Int, scoreThreshold: Float, suppressionThreshold: Float, detectionLimit: Int
        ) {
            self.matcher = matcher
            self.distances = distances
            self.boxLoss = boxLoss
            self.boxWeight = boxWeight
            self.score = score
            self.candidatesPerLevel = candidatesPerLevel
            self.scoreThreshold = scoreThreshold
            self.suppressionThreshold = suppressionThreshold
            self.detectionLimit = detectionLimit
        }
    }

    package let lossNames = ["loss_cls", "loss_bbox", "loss_centerness"]
    package let backbone: any Backbone
    package let neck: FPN
    package let head: FCOSHead
    package let pointGenerator: PointGenerator
    package let settings: Settings

    package init(
        backbone: any Backbone, neck: FPN, head: FCOSHead, pointGenerator: PointGenerator, settings: Settings
    ) {
        self.backbone = backbone
        self.neck = neck
        self.head = head
        self.pointGenerator = pointGenerator
        self.settings = settings
    }

    /// - paths: nil in evaluation.
    package func forward(_ images: Tensor, paths: PathDraws? = nil, _ tape: Tape) -> PointOutput {
        let maps = backbone(images, paths: paths, tape)
        tape.lap(.backbone)
        let output = head(neck(maps, tape), tape)
        tape.lap(.forward)
        return output
    }

    /// Takes every point: only the backbone draws.
    package func losses(_ images: Tensor, _ targets: [Target], draws: DrawKey, _ tape: Tape) -> [LossTerm] {
        let output = forward(images, paths: draws.paths(targets), tape)
        return FCOSLoss(settings: settings, points: points(of: output, images)).terms(output, targets, tape)
    }

    package func detect(_ images: Tensor, _ targets: [Target]) -> [[DetectedObject]] {
        let output = forward(images, Tape(recording: false))
        return PointDecoder(settings: settings, points: points(of: output, images)).detections(
            output, targets)
    }

    private func points(of output: PointOutput, _ images: Tensor) -> PointSet {
        pointGenerator.points(
            output.logits.map { ($0.shape[1], $0.shape[2]) }, inputHeight: images.shape[1],
            inputWidth: images.shape[2])
    }

    package var frozenPrefixes: [String] { backbone.frozenPrefixes.map { "backbone." + $0 } }

    package func visit(_ visitor: inout ParameterVisitor) {
        visitor.visit("backbone", backbone)
        visitor.visit("neck", neck)
        visitor.visit("bbox_head", head)
    }
}
