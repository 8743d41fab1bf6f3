package import DetectionData
internal import Foundation
internal import NN
package import Tensors

/// The box and the centreness loss of chosen points, supervised and self-supervised alike.
package struct PointBoxLoss {
    /// A point that has a box.
    package struct Chosen {
        package let level: Int
        package let image: Int
        /// Row-major on the level's map.
        package let cell: Int
        package let box: Box

        package init(level: Int, image: Int, cell: Int, box: Box) {
            (self.level, self.image, self.cell, self.box) = (level, image, cell, box)
        }
    }

    private let settings: FCOS.Settings
    private let points: PointSet

    package init(settings: FCOS.Settings, points: PointSet) {
        (self.settings, self.points) = (settings, points)
    }

    /// `loss_bbox` and `loss_centerness`.
    /// - Source: mmdetection 2.x `FCOSHead.loss`, torchvision `FCOSHead.compute_loss`. Differs: mmdetection
    ///   averages the divisors over ranks.
    package func terms(_ output: PointBoxes, _ chosen: [Chosen], _ tape: Tape) -> [LossTerm] {
        var (boxTotal, centrenessTotal, weightTotal) = (0.0, 0.0, 0.0)
        var boxGradients: [(input: Variable, gradient: Tensor)] = []
        var centrenessGradients: [(input: Variable, gradient: Tensor)] = []
        for l in points.levels.indices {
            let here = chosen.filter { $0.level == l }
            let rows = here.map { Int32($0.image * points.levels[l].count + $0.cell) }
            let centreness = here.map { self.centreness($0) }
            let weights = settings.boxWeight == .centreness ? centreness : here.map { _ in 1 }
            weightTotal += weights.reduce(0) { $0 + Double($1) }
            func put(
                _ map: Variable, width: Int, _ evaluate: (Tensor) -> (sum: Double, gradient: Tensor)
            ) -> (sum: Double, gradient: Tensor) {
                let matrix = map.tensor.reshaped([map.tensor.count / width, width])
                let part = evaluate(Elementwise.gatherRows(matrix, rows))
                let gradient = Tensor(zeros: matrix.shape)
                Elementwise.scatterAddRows(part.gradient, rows, into: gradient)
                return (part.sum, gradient.reshaped(map.shape))
            }
            let boxes = put(output.distances[l], width: 4) { evaluate($0, here, weights) }
            boxTotal += boxes.sum
            boxGradients.append((output.distances[l], boxes.gradient))
            let logits = put(output.centreness[l], width: 1) {
                BinaryCrossEntropy.sum($0, targets: centreness)
            }
            centrenessTotal += logits.sum
            centrenessGradients.append((output.centreness[l], logits.gradient))
        }
        return [
            LossTerm(
                "loss_bbox", sum: tape.scalar(boxTotal, gradients: boxGradients),
                divisor: max(1e-6, weightTotal)),
            LossTerm(
                "loss_centerness", sum: tape.scalar(centrenessTotal, gradients: centrenessGradients),
                divisor: Double(max(1, chosen.count))),
        ]
    }

    /// Distances from the point to its box's sides: left, top, right, bottom.
    private func sides(_ chosen: Chosen) -> (Float, Float, Float, Float) {
        let level = points.levels[chosen.level]
        let (x, y) = (level.x(chosen.cell % level.width), level.y(chosen.cell / level.width))
        return (x - chosen.box.x1, y - chosen.box.y1, chosen.box.x2 - x, chosen.box.y2 - y)
    }

    /// 1 in the middle of the box, 0 at its border (Tian et al. 2019, eq. 3).
    private func centreness(_ chosen: Chosen) -> Float {
        let (l, t, r, b) = sides(chosen)
        return (min(l, r) / max(l, r) * (min(t, b) / max(t, b))).squareRoot()
    }

    /// - raw: [R, 4], as the head says. Returns the derivative by it.
    private func evaluate(
        _ raw: Tensor, _ chosen: [Chosen], _ weights: [Float]
    ) -> (sum: Double, gradient: Tensor) {
        let decoded = Tensor(uninitialized: raw.shape)
        for (r, point) in chosen.enumerated() {
            let box = points.decode(
                raw.floats + 4 * r, settings.distances, level: point.level, cell: point.cell)
            let d = decoded.floats + 4 * r
            (d[0], d[1], d[2], d[3]) = (box.x1, box.y1, box.x2, box.y2)
        }
        let truth = Tensor(
            chosen.flatMap { [$0.box.x1, $0.box.y1, $0.box.x2, $0.box.y2] }, shape: raw.shape)
        let loss =
            switch settings.boxLoss {
            case .iou: IoULoss.sum(decoded, truth, weights: weights)
            case .giou: GIoULoss.sum(decoded, truth, weights: weights)
            }
        for (r, point) in chosen.enumerated() {
            let (g, d) = (loss.gradient.floats + 4 * r, raw.floats + 4 * r)
            // x1 and y1 fall as their distances grow.
            (g[0], g[1]) = (-g[0], -g[1])
            for k in 0..<4 {
                g[k] *= settings.distances.slope(d[k], stride: points.levels[point.level].stride)
            }
        }
        return loss
    }
}
