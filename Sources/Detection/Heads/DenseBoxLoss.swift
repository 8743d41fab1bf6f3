package import DetectionData
package import Tensors

/// The box loss of a dense head over the anchors that have a box, supervised and self-supervised alike.
package struct DenseBoxLoss {
    private let loss: RetinaNet.Settings.BoxLoss
    private let anchors: AnchorSet

    package init(loss: RetinaNet.Settings.BoxLoss, anchors: AnchorSet) { (self.loss, self.anchors) = (loss, anchors) }

    /// - deltas: per level [N, H, W, A 4]; assigned: per image and anchor, negative where there is no box.
    /// - divisors: what each image's part is divided by.
    package func sum(
        _ deltas: [Variable], _ targets: [Target], _ assigned: [[Int32]], divisors: [Double], _ tape: Tape
    ) -> Variable {
        var total = 0.0
        var gradients: [(input: Variable, gradient: Tensor)] = []
        for (level, map) in deltas.enumerated() {
            let range = anchors.levelRange(level)
            let gradient = Tensor(zeros: map.shape)
            for n in targets.indices {
                let chosen = range.filter { assigned[n][$0] >= 0 }
                guard !chosen.isEmpty else { continue }
                let rows = chosen.map { Int32(n * range.count + $0 - range.lowerBound) }
                let prediction = Elementwise.gatherRows(map.tensor.reshaped([map.tensor.count / 4, 4]), rows)
                let boxes = chosen.map { targets[n].boxes[Int(assigned[n][$0])] }
                let part = loss.evaluate(prediction, boxes, anchors, chosen)
                Elementwise.scale(part.gradient, by: Float(1 / divisors[n]))
                Elementwise.scatterAddRows(part.gradient, rows, into: gradient.reshaped([gradient.count / 4, 4]))
                total += part.sum / divisors[n]
            }
            gradients.append((map, gradient))
        }
        return tape.scalar(total, gradients: gradients)
    }
}
