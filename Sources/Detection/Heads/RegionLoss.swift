package import DetectionData
internal import NN
package import Tensors

/// The second stage's losses over drawn regions. R regions of all images, K classes.
package struct RegionLoss {
    private let settings: RegionSettings

    package init(settings: RegionSettings) { self.settings = settings }

    /// - output: rows beyond the regions are ignored; sampled, targets: one per image.
    package func terms(
        _ output: RegionOutput, _ sampled: [SampledRegions], _ targets: [Target], _ tape: Tape
    ) -> [LossTerm] {
        let background = Int32(output.logits.shape[1] - 1)
        let labels = zip(sampled, targets).flatMap { regions, target in
            regions.truths.map { target.labels[$0] }
                + [Int32](repeating: background, count: regions.boxes.count - regions.positiveCount)
        }
        let part = CrossEntropy.sum(output.logits.tensor.prefix(0..<labels.count), labels: labels)
        let gradient = Tensor(zeros: output.logits.shape)
        gradient.prefix(0..<labels.count).assign(from: part.gradient)
        let classes = tape.scalar(part.sum, gradients: [(output.logits, gradient)])
        return [
            LossTerm("loss_cls", sum: classes, divisor: Double(max(1, labels.count))),
            boxTerm(output.deltas, sampled, targets, slot: { Int(targets[$0].labels[$1]) }, tape),
        ]
    }

    /// The box loss, divided by the number of all regions.
    /// - slot: which four offsets of a row stand for a box, from the image's position and the box's in its target; nil
    ///   where none do, and the region counts in the divisor alone. Where all share four, which ones does not matter.
    package func boxTerm(
        _ deltas: Variable, _ sampled: [SampledRegions], _ targets: [Target], slot: (Int, Int) -> Int?,
        _ tape: Tape
    ) -> LossTerm {
        let slotCount = deltas.shape[1] / 4
        var rows: [Int32] = []
        var truth: [Float] = []
        var start = 0
        for (n, (regions, target)) in zip(sampled, targets).enumerated() {
            for (i, box) in regions.truths.enumerated() {
                guard let own = slot(n, box) else { continue }
                let place = slotCount == 1 ? 0 : own
                precondition((0..<slotCount).contains(place), "box slot \(place) of \(slotCount)")
                rows.append(Int32((start + i) * slotCount + place))
                truth += offsets(from: regions.boxes[i], to: target.boxes[box])
            }
            start += regions.boxes.count
        }
        let all = deltas.tensor.reshaped([deltas.shape[0] * slotCount, 4])
        let part = settings.boxLoss.sum(
            Elementwise.gatherRows(all, rows), Tensor(truth, shape: [rows.count, 4]))
        let gradient = Tensor(zeros: deltas.shape)
        Elementwise.scatterAddRows(part.gradient, rows, into: gradient.reshaped(all.shape))
        return LossTerm(
            "loss_bbox", sum: tape.scalar(part.sum, gradients: [(deltas, gradient)]),
            divisor: Double(max(1, start)))
    }

    private func offsets(from reference: Box, to box: Box) -> [Float] {
        var deltas: [Float] = [0, 0, 0, 0]
        BoxCoder.encode(reference: reference, box: box, settings.deviations, into: &deltas)
        return deltas
    }
}
