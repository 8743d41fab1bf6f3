internal import Detection
internal import DetectionData
internal import Tensors

/// The first stage on one view of a batch, in training.
extension RegionProposer {
    func propose(_ pyramid: [Variable], _ head: RPNHead, _ view: Batch, _ tape: Tape) -> [[Box]] {
        propose(
            pyramid, head, inputShape: view.inputShape, view.targets, limits: settings.training, tape)
    }

    func losses(
        _ pyramid: [Variable], _ head: RPNHead, _ view: Batch, _ draws: DrawKey, _ tape: Tape
    ) -> [LossTerm] {
        losses(pyramid, head, inputShape: view.inputShape, view.targets, draws, tape)
    }
}

extension Batch {
    /// [N, H, W, 3].
    fileprivate var inputShape: [Int] { [count, height, width, 3] }
}
