package import DetectionData
package import Tensors

/// The first stage of a two-stage detector around its layers: anchors, the regions that come of them, and its losses.
package struct RegionProposer {
    package let anchorGenerator: AnchorGenerator
    package let settings: RPNSettings

    package init(anchorGenerator: AnchorGenerator, settings: RPNSettings) {
        (self.anchorGenerator, self.settings) = (anchorGenerator, settings)
    }

    /// Regions by an online network's head or a momentum network's: per image, best first. They have no gradient.
    /// - inputShape: of the images, [N, H, W, 3].
    package func propose(
        _ pyramid: [Variable], _ head: RPNHead, inputShape: [Int], _ targets: [Target],
        limits: RPNSettings.Limits, _ tape: Tape
    ) -> [[Box]] {
        ProposalDecoder(settings: settings, anchors: anchors(pyramid, inputShape)).proposals(
            head(pyramid, tape.silent), targets, limits: limits)
    }

    /// Losses read a few anchors of an image. Their cells are evaluated once more on their own, and only that is recorded:
    /// the numbers and gradients of the whole maps for a fraction of the work and memory.
    package func losses(
        _ pyramid: [Variable], _ head: RPNHead, inputShape: [Int], _ targets: [Target], _ draws: DrawKey,
        _ tape: Tape
    ) -> [LossTerm] {
        let anchors = anchors(pyramid, inputShape)
        let drawn = DrawnAnchors(anchors, targets, settings, draws)
        let output = head.rows(pyramid, cells: drawn.cells, tape)
        return RPNLoss(loss: settings.boxLoss, anchors: anchors, drawn: drawn).terms(
            logits: output.logits, deltas: output.deltas, targets, tape)
    }

    private func anchors(_ pyramid: [Variable], _ inputShape: [Int]) -> AnchorSet {
        anchorGenerator.anchors(
            pyramid.map { ($0.shape[1], $0.shape[2]) }, inputHeight: inputShape[1], inputWidth: inputShape[2])
    }
}
