internal import DetectionData
internal import NN
internal import Tensors

/// The first stage's losses over drawn anchors. N images, A anchors of an image, L levels.
struct RPNLoss {
    let settings: RPNSettings
    let anchors: AnchorSet

    func terms(_ output: DenseOutput, _ targets: [Target], draws: DrawKey, _ tape: Tape) -> [LossTerm] {
        // Per image and anchor: its box, background, or ignored where not drawn.
        var drawn: [[Int32]] = []
        var count = 0
        for target in targets {
            let assigned = assign(target)
            var random = draws.source(.anchors, target)
            let (positives, negatives) = settings.sampler.sample(
                assigned, isValid: [Bool](repeating: true, count: assigned.count), random: &random)
            var kept = [Int32](repeating: MaxIoUMatcher.ignored, count: assigned.count)
            for i in positives { kept[i] = assigned[i] }
            for i in negatives { kept[i] = MaxIoUMatcher.background }
            drawn.append(kept)
            // mmdetection counts an image without any as one.
            count += max(1, positives.count) + max(1, negatives.count)
        }
        let boxes = DenseBoxLoss(loss: settings.boxLoss, anchors: anchors).sum(
            output.deltas, targets, drawn, divisors: [Double](repeating: 1, count: targets.count), tape)
        return [
            LossTerm("loss_rpn_cls", sum: classLoss(output.logits, drawn, tape), divisor: Double(count)),
            LossTerm("loss_rpn_bbox", sum: boxes, divisor: Double(count)),
        ]
    }

    /// Where a border counts, anchors beyond it do not even compete for a box.
    private func assign(_ target: Target) -> [Int32] {
        guard let border = settings.border else {
            return DenseTargets.assign(anchors, target, settings.matcher)
        }
        let kept = anchors.inside(width: target.validWidth, height: target.validHeight, border: border)
        let matched = settings.matcher.match(Elementwise.gatherRows(anchors.boxes, kept), target.boxes)
        var assigned = [Int32](repeating: MaxIoUMatcher.ignored, count: anchors.count)
        for (i, box) in zip(kept, matched) { assigned[Int(i)] = box }
        return assigned
    }

    private func classLoss(_ logits: [Variable], _ drawn: [[Int32]], _ tape: Tape) -> Variable {
        var total = 0.0
        var gradients: [(input: Variable, gradient: Tensor)] = []
        for (level, map) in logits.enumerated() {
            let range = anchors.levelRange(level)
            var rows: [Int32] = []
            var truth: [Float] = []
            for (n, kept) in drawn.enumerated() {
                for i in range where kept[i] != MaxIoUMatcher.ignored {
                    rows.append(Int32(n * range.count + i - range.lowerBound))
                    truth.append(kept[i] >= 0 ? 1 : 0)
                }
            }
            let part = BinaryCrossEntropy.sum(
                Elementwise.gatherRows(map.tensor.reshaped([map.tensor.count, 1]), rows), targets: truth)
            let gradient = Tensor(zeros: map.shape)
            Elementwise.scatterAddRows(part.gradient, rows, into: gradient.reshaped([gradient.count, 1]))
            total += part.sum
            gradients.append((map, gradient))
        }
        return tape.scalar(total, gradients: gradients)
    }
}
