package import DetectionData
package import NN
package import Tensors

/// Two-stage detector whose second stage is run several times: each moves the regions of the one before and asks for a
/// better overlap.
/// - Source: Cai and Vasconcelos 2018, "Cascade R-CNN"; behaviour and names as mmdetection 2.x `CascadeRoIHead`
///   (`roi_head.bbox_head.i`, `roi_head.mask_head.i`).
package final class CascadeRCNN: Detector {
    package let backbone: any Backbone
    package let neck: FPN
    package let rpnHead: RPNHead
    package let proposer: RegionProposer
    package let extractor: RoIExtractor
    package let stages: [CascadeStage]

    /// - stages: one or more; all classes share a region's four offsets.
    package init(
        backbone: any Backbone, neck: FPN, rpnHead: RPNHead, proposer: RegionProposer,
        extractor: RoIExtractor,
        stages: [CascadeStage]
    ) {
        precondition(!stages.isEmpty, "a cascade without a stage")
        self.backbone = backbone
        self.neck = neck
        self.rpnHead = rpnHead
        self.proposer = proposer
        self.extractor = extractor
        self.stages = stages
    }

    package var lossNames: [String] {
        ["loss_rpn_cls", "loss_rpn_bbox"]
            + stages.enumerated().flatMap { i, stage in
                (["loss_cls", "loss_bbox"] + (stage.masks == nil ? [] : ["loss_mask"])).map {
                    CascadeStage.name($0, stage: i)
                }
            }
    }

    package func losses(_ images: Tensor, _ targets: [Target], draws: DrawKey, _ tape: Tape) -> [LossTerm] {
        let maps = backbone(images, paths: draws.paths(targets), tape)
        tape.lap(.backbone)
        let pyramid = neck(maps, tape)
        var terms = proposer.losses(pyramid, rpnHead, inputShape: images.shape, targets, draws, tape)
        var proposals = proposer.propose(
            pyramid, rpnHead, inputShape: images.shape, targets, limits: proposer.settings.training, tape)
        for (i, stage) in stages.enumerated() {
            let sampled = stage.settings.sample(proposals, targets, draws, stage: i)
            let output = stage.boxHead(extractor(pyramid, sampled.map(\.boxes), tape), tape)
            let own =
                RegionLoss(settings: stage.settings).terms(output, sampled, targets, tape)
                + (stage.masks.map { [$0.loss(pyramid, sampled, targets, tape)] } ?? [])
            terms += stage.named(own, stage: i)
            if i + 1 < stages.count {
                proposals = stage.settings.refined(sampled, output.deltas.tensor, targets)
            }
        }
        return terms
    }

    package func detect(_ images: Tensor, _ targets: [Target]) -> [[DetectedObject]] {
        let tape = Tape(recording: false)
        let pyramid = neck(backbone(images, tape), tape)
        let proposals = proposer.propose(
            pyramid, rpnHead, inputShape: images.shape, targets, limits: proposer.settings.testing, tape)
        let (output, regions) = judge(pyramid, proposals, targets, tape)
        let found = RegionDecoder(settings: stages[stages.count - 1].settings).detections(
            output, regions, targets)
        return found.inPictures(targets, masks: masks(pyramid, found, targets, tape))
    }

    /// All stages, one after the other.
    /// - Returns: the mean of all stages' class logits, the last stage's offsets, and the regions these start from.
    package func judge(
        _ pyramid: [Variable], _ proposals: [[Box]], _ targets: [Target], _ tape: Tape
    ) -> (output: RegionOutput, regions: [[Box]]) {
        var regions = proposals
        var outputs: [RegionOutput] = []
        for (i, stage) in stages.enumerated() {
            let output = stage.boxHead(extractor(pyramid, regions, tape), tape)
            outputs.append(output)
            if i + 1 < stages.count {
                regions = stage.settings.moved(regions, output.deltas.tensor, targets)
            }
        }
        let logits = outputs.dropFirst().reduce(outputs[0].logits.tensor) {
            Elementwise.sum($0, $1.logits.tensor)
        }
        Elementwise.scale(logits, by: 1 / Float(outputs.count))
        return (
            RegionOutput(logits: Variable(constant: logits), deltas: outputs[outputs.count - 1].deltas),
            regions
        )
    }

    /// The pixels of objects by the mean of all stages' probabilities; nil where the cascade finds boxes alone.
    private func masks(
        _ pyramid: [Variable], _ found: [[DetectedObject]], _ targets: [Target], _ tape: Tape
    ) -> [[RLEMask]]? {
        let branches = stages.compactMap(\.masks)
        guard let last = branches.last else { return nil }
        let probabilities = meanProbabilities(branches, pyramid, found, tape)
        return last.masks(probabilities, found, targets)
    }

    /// Of every object's class, [R, 2 B, 2 B].
    package func meanProbabilities(
        _ branches: [MaskBranch], _ pyramid: [Variable], _ found: [[DetectedObject]], _ tape: Tape
    ) -> Tensor {
        let mean = branches.dropFirst().reduce(branches[0].probabilities(pyramid, found, tape)) {
            Elementwise.sum($0, $1.probabilities(pyramid, found, tape))
        }
        Elementwise.scale(mean, by: 1 / Float(branches.count))
        return mean
    }

    package var frozenPrefixes: [String] { backbone.frozenPrefixes.map { "backbone." + $0 } }

    package func visit(_ visitor: inout ParameterVisitor) {
        visitor.visit("backbone", backbone)
        visitor.visit("neck", neck)
        visitor.visit("rpn_head", rpnHead)
        visitor.visit("roi_head.bbox_head", stages.map(\.boxHead))
        visitor.visit("roi_head.mask_head", stages.compactMap { $0.masks?.head })
    }
}
