internal import DetectionData
internal import NN
internal import Tensors

/// Focal, box and centreness losses of one micro-batch of an anchor-free head's outputs.
struct FCOSLoss {
    let settings: FCOS.Settings
    let points: PointSet

    func terms(_ output: PointOutput, _ targets: [Target], _ tape: Tape) -> [LossTerm] {
        let assigned = targets.map { settings.matcher.assign(points, $0.boxes) }
        var chosen: [PointBoxLoss.Chosen] = []
        for (n, target) in targets.enumerated() {
            for (l, level) in points.levels.enumerated() {
                for cell in 0..<level.count {
                    let box = assigned[n][points.levelStarts[l] + cell]
                    guard box >= 0 else { continue }
                    chosen.append(.init(level: l, image: n, cell: cell, box: target.boxes[Int(box)]))
                }
            }
        }
        return [
            LossTerm(
                "loss_cls", sum: classLoss(output.logits, targets, assigned, tape),
                divisor: Double(max(1, chosen.count)))
        ] + PointBoxLoss(settings: settings, points: points).terms(output.boxes, chosen, tape)
    }

    /// Points on padding are background like any other.
    private func classLoss(
        _ logits: [Variable], _ targets: [Target], _ assigned: [[Int32]], _ tape: Tape
    ) -> Variable {
        var total = 0.0
        var gradients: [(input: Variable, gradient: Tensor)] = []
        for (l, map) in logits.enumerated() {
            let range = points.levelStarts[l]..<points.levelStarts[l + 1]
            let background = Int32(map.shape[3])
            let labels = targets.indices.flatMap { n -> [Int32] in
                assigned[n][range].map { box -> Int32 in box >= 0 ? targets[n].labels[Int(box)] : background }
            }
            let gradient = Tensor(uninitialized: map.shape)
            total += settings.focal.sum(map.tensor, labels: labels, gradient: gradient)
            gradients.append((map, gradient))
        }
        return tape.scalar(total, gradients: gradients)
    }
}
