package import DetectionData
package import NN
package import Tensors

/// Two-stage detector on a feature pyramid: proposals from anchors, then classes and exact boxes of each.
/// - Source: Ren et al. 2015, Lin et al. 2017; with a mask branch He et al. 2017, "Mask R-CNN". Names as mmdetection 2.x.
package final class FasterRCNN: Detector {
    package let backbone: any Backbone
    package let neck: FPN
    package let rpnHead: RPNHead
    package let boxHead: BBoxHead
    package let anchorGenerator: AnchorGenerator
    package let extractor: RoIExtractor
    package let rpn: RPNSettings
    package let regions: RegionSettings
    /// There in a Mask R-CNN.
    package let masks: MaskBranch?

    package init(
        backbone: any Backbone, neck: FPN, rpnHead: RPNHead, boxHead: BBoxHead, anchorGenerator: AnchorGenerator,
        extractor: RoIExtractor, rpn: RPNSettings, regions: RegionSettings, masks: MaskBranch? = nil
    ) {
        self.backbone = backbone
        self.neck = neck
        self.rpnHead = rpnHead
        self.boxHead = boxHead
        self.anchorGenerator = anchorGenerator
        self.extractor = extractor
        self.rpn = rpn
        self.regions = regions
        self.masks = masks
    }

    package var lossNames: [String] {
        ["loss_rpn_cls", "loss_rpn_bbox", "loss_cls", "loss_bbox"] + (masks == nil ? [] : ["loss_mask"])
    }

    package func losses(_ images: Tensor, _ targets: [Target], draws: DrawKey, _ tape: Tape) -> [LossTerm] {
        let pyramid = neck(backbone(images, tape), tape)
        let first = propose(pyramid, rpnHead, inputShape: images.shape, targets, limits: rpn.training, tape)
        let sampled = sample(first.proposals, targets, draws)
        let output = boxHead(extractor(pyramid, sampled.map(\.boxes), tape), tape)
        return proposalLosses(first, targets, draws, tape)
            + RegionLoss(settings: regions).terms(output, sampled, targets, tape)
            + (masks.map { [$0.loss(pyramid, sampled, targets, tape)] } ?? [])
    }

    /// What the first stage gives.
    package struct FirstStage {
        package let output: DenseOutput
        package let anchors: AnchorSet
        /// Per image, best first.
        package let proposals: [[Box]]
    }

    /// The first stage on a pyramid, by this head or a momentum network's.
    /// - inputShape: of the images, [N, H, W, 3].
    package func propose(
        _ pyramid: [Variable], _ head: RPNHead, inputShape: [Int], _ targets: [Target], limits: RPNSettings.Limits,
        _ tape: Tape
    ) -> FirstStage {
        let output = head(pyramid, tape)
        let anchors = anchorGenerator.anchors(
            output.deltas.map { ($0.shape[1], $0.shape[2]) }, inputHeight: inputShape[1], inputWidth: inputShape[2])
        let proposals = ProposalDecoder(settings: rpn, anchors: anchors).proposals(output, targets, limits: limits)
        return FirstStage(output: output, anchors: anchors, proposals: proposals)
    }

    package func proposalLosses(
        _ first: FirstStage, _ targets: [Target], _ draws: DrawKey, _ tape: Tape
    ) -> [LossTerm] {
        RPNLoss(settings: rpn, anchors: first.anchors).terms(first.output, targets, draws: draws, tape)
    }

    /// The regions of every image that the second stage trains on.
    package func sample(_ proposals: [[Box]], _ targets: [Target], _ draws: DrawKey) -> [SampledRegions] {
        zip(proposals, targets).map { boxes, target in
            var random = draws.source(.regions, target)
            return SampledRegions(
                boxes, target, matcher: regions.matcher, sampler: regions.sampler, random: &random)
        }
    }

    package func detect(_ images: Tensor, _ targets: [Target]) -> [[DetectedObject]] {
        let tape = Tape(recording: false)
        let pyramid = neck(backbone(images, tape), tape)
        let proposals = propose(
            pyramid, rpnHead, inputShape: images.shape, targets, limits: rpn.testing, tape
        ).proposals
        let output = boxHead(extractor(pyramid, proposals, tape), tape)
        let found = RegionDecoder(settings: regions).detections(output, proposals, targets)
        let pixels = masks?.masks(pyramid, found, targets, tape)
        return zip(found, targets).enumerated().map { n, pair in
            pair.0.enumerated().map { i, object in
                DetectedObject(
                    box: object.box.scaled(x: 1 / pair.1.scaleX, y: 1 / pair.1.scaleY), score: object.score,
                    label: object.label, mask: pixels?[n][i])
            }
        }
    }

    package var frozenPrefixes: [String] { backbone.frozenPrefixes.map { "backbone." + $0 } }

    package func visit(_ visitor: inout ParameterVisitor) {
        visitor.visit("backbone", backbone)
        visitor.visit("neck", neck)
        visitor.visit("rpn_head", rpnHead)
        visitor.visit("roi_head.bbox_head", boxHead)
        visitor.visit("roi_head.mask_head", masks?.head)
    }
}
