internal import Detection
internal import NN
internal import Tensors

extension AlignDetSettings {
    /// The contrast between two views' embeddings, [R, D], each with its proposal's number or the background label.
    /// - keys: the momentum network's, which no gradient reaches.
    func contrast(
        queries: Variable, _ queryLabels: [Int32], keys: Tensor, _ keyLabels: [Int32], _ tape: Tape
    ) -> LossTerm {
        let loss = ContrastiveLoss(temperature: temperature)(
            queries: queries, queryLabels: queryLabels, keys: keys, keyLabels: keyLabels,
            background: backgroundLabel.value, tape: tape)
        return LossTerm(
            "loss_contrastive", sum: loss.sum, divisor: Double(loss.labelCount), weight: contrastiveWeight)
    }
}
