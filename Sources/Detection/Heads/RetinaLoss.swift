internal import DetectionData
internal import NN
internal import Tensors

/// Focal and box losses of one micro-batch of dense outputs. N images, A anchors of an image, L levels, K classes.
struct RetinaLoss {
    let settings: RetinaNet.Settings
    let anchors: AnchorSet

    func terms(_ output: DenseOutput, _ targets: [Target], _ tape: Tape) -> [LossTerm] {
        let assigned = targets.map { target in
            DenseTargets.assign(anchors, target, settings.matcher)
        }
        let positives = assigned.map { $0.reduce(0) { $0 + ($1 >= 0 ? 1 : 0) } }
        let divisors: [Double] =
            settings.normalization == .perBatch
            ? [Double](repeating: Double(max(1, positives.reduce(0) { $0 + max(1, $1) })), count: targets.count)
            : positives.map { Double(max(1, $0)) * Double(targets.count) }
        return [
            LossTerm(
                "loss_cls", sum: classLoss(output.logits, targets, assigned, divisors, tape), divisor: 1),
            LossTerm(
                "loss_bbox",
                sum: DenseBoxLoss(loss: settings.boxLoss, anchors: anchors).sum(
                    output.deltas, targets, assigned, divisors: divisors, tape), divisor: 1),
        ]
    }

    private func classLoss(
        _ logits: [Variable], _ targets: [Target], _ assigned: [[Int32]], _ divisors: [Double], _ tape: Tape
    ) -> Variable {
        var total = 0.0
        var gradients: [(input: Variable, gradient: Tensor)] = []
        for (level, map) in logits.enumerated() {
            let range = anchors.levelRange(level)
            let classCount = map.shape[3] / anchors.shapeCount
            let rows = map.tensor.reshaped([targets.count, range.count, classCount])
            let gradient = Tensor(uninitialized: rows.shape)
            for n in targets.indices {
                let labels = range.map { i -> Int32 in
                    let box = assigned[n][i]
                    if box >= 0 { return targets[n].labels[Int(box)] }
                    return box == MaxIoUMatcher.background ? Int32(classCount) : -1
                }
                let part = gradient.prefix(n..<(n + 1))
                let sum = settings.focal.sum(rows.prefix(n..<(n + 1)), labels: labels, gradient: part)
                Elementwise.scale(part, by: Float(1 / divisors[n]))
                total += sum / divisors[n]
            }
            gradients.append((map, gradient))
        }
        return tape.scalar(total, gradients: gradients)
    }
}
