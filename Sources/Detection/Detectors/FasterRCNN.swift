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
    package let proposer: RegionProposer
    package let extractor: RoIExtractor
    package let regions: RegionSettings
    /// There in a Mask R-CNN.
    package let masks: MaskBranch?

    package init(
        backbone: any Backbone, neck: FPN, rpnHead: RPNHead, boxHead: BBoxHead,
        anchorGenerator: AnchorGenerator,
        extractor: RoIExtractor, rpn: RPNSettings, regions: RegionSettings, masks: MaskBranch? = nil
    ) {
        self.backbone = backbone
        self.neck = neck
        self.rpnHead = rpnHead
        self.boxHead = boxHead
        proposer = RegionProposer(anchorGenerator: anchorGenerator, settings: rpn)
        self.extractor = extractor
        self.regions = regions
        self.masks = masks
    }

    package var lossNames: [String] {
        ["loss_rpn_cls", "loss_rpn_bbox", "loss_cls", "loss_bbox"] + (masks == nil ? [] : ["loss_mask"])
    }

    package func losses(_ images: Tensor, _ targets: [Target], draws: DrawKey, _ tape: Tape) -> [LossTerm] {
        let maps = backbone(images, paths: draws.paths(targets), tape)
        tape.lap(.backbone)
        let pyramid = neck(maps, tape)
        let proposals = proposer.propose(
            pyramid, rpnHead, inputShape: images.shape, targets, limits: proposer.settings.training, tape)
        let sampled = regions.sample(proposals, targets, draws)
        let output = boxHead(extractor(pyramid, sampled.map(\.boxes), tape), tape)
        return proposer.losses(pyramid, rpnHead, inputShape: images.shape, targets, draws, tape)
            + RegionLoss(settings: regions).terms(output, sampled, targets, tape)
            + (masks.map { [$0.loss(pyramid, sampled, targets, tape)] } ?? [])
    }

    package func detect(_ images: Tensor, _ targets: [Target]) -> [[DetectedObject]] {
        let tape = Tape(recording: false)
        let pyramid = neck(backbone(images, tape), tape)
        let proposals = proposer.propose(
            pyramid, rpnHead, inputShape: images.shape, targets, limits: proposer.settings.testing, tape)
        let output = boxHead(extractor(pyramid, proposals, tape), tape)
        let found = RegionDecoder(settings: regions).detections(output, proposals, targets)
        return found.inPictures(
            targets, masks: masks.map { $0.masks($0.probabilities(pyramid, found, tape), found, targets) })
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
