package import DetectionData
package import Tensors

/// The first stage of a two-stage detector around its layers: anchors, the regions that come of them, and its losses.
package struct RegionProposer {
    package let anchorGenerator: AnchorGenerator
    package let settings: RPNSettings

    package init(anchorGenerator: AnchorGenerator, settings: RPNSettings) {
        (self.anchorGenerator, self.settings) = (anchorGenerator, settings)
    }

    /// What a first stage gives.
    package struct Output {
        package let dense: DenseOutput
        package let anchors: AnchorSet
        /// Per image, best first.
        package let proposals: [[Box]]
    }

    /// The first stage on a pyramid, by an online network's head or a momentum network's.
    /// - inputShape: of the images, [N, H, W, 3].
    package func propose(
        _ pyramid: [Variable], _ head: RPNHead, inputShape: [Int], _ targets: [Target],
        limits: RPNSettings.Limits,
        _ tape: Tape
    ) -> Output {
        let output = head(pyramid, tape)
        let anchors = anchorGenerator.anchors(
            output.deltas.map { ($0.shape[1], $0.shape[2]) }, inputHeight: inputShape[1],
            inputWidth: inputShape[2])
        let proposals = ProposalDecoder(settings: settings, anchors: anchors).proposals(
            output, targets, limits: limits)
        return Output(dense: output, anchors: anchors, proposals: proposals)
    }

    package func losses(_ output: Output, _ targets: [Target], _ draws: DrawKey, _ tape: Tape) -> [LossTerm] {
        RPNLoss(settings: settings, anchors: output.anchors).terms(output.dense, targets, draws: draws, tape)
    }
}
