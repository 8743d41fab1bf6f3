package import DetectionData
internal import NN
package import Tensors

/// Losses of a set detector: each decoder layer is matched to the objects anew and judged by itself.
/// - Source: Carion et al. 2020, A.2; divisors as facebookresearch/detr and mmdetection 2.x.
package struct SetLoss: Sendable {
    /// What the classification loss of a layer is divided by.
    package enum ClassDivisor: Sendable {
        /// The sum of its rows' weights.
        case weights
        /// The matched queries (AlignDet's released code).
        case matches
    }

    package var matcher: HungarianMatcher
    /// Weight of the queries without an object.
    package let backgroundWeight: Float
    package let classDivisor: ClassDivisor
    /// Of the boxes' losses: all objects (facebookresearch/detr), or those that were matched (mmdetection).
    package let countsUnmatchedObjects: Bool

    package init(
        matcher: HungarianMatcher, backgroundWeight: Float, classDivisor: ClassDivisor,
        countsUnmatchedObjects: Bool
    ) {
        (self.matcher, self.backgroundWeight) = (matcher, backgroundWeight)
        (self.classDivisor, self.countsUnmatchedObjects) = (classDivisor, countsUnmatchedObjects)
    }

    /// Names of the terms: the last layer's first, then those of the layers before it.
    package static func names(layerCount: Int) -> [String] { prefixes(layerCount).flatMap(names) }

    private static func prefixes(_ layerCount: Int) -> [String] {
        [""] + (0..<(layerCount - 1)).map { "d\($0)." }
    }

    private static func names(_ prefix: String) -> [String] {
        [prefix + "loss_cls", prefix + "loss_bbox", prefix + "loss_iou"]
    }

    package func terms(_ output: SetOutput, _ targets: [Target], _ tape: Tape) -> [LossTerm] {
        let layers = output.logits.indices
        let order = [layers.count - 1] + Array(layers.dropLast())
        let boxes = targets.map { normalizedBoxes(of: $0) }
        return zip(Self.prefixes(layers.count), order).flatMap { prefix, layer in
            let names = Self.names(prefix)
            guard let pairs = pairs(output, layer: layer, targets, boxes, labels: targets.map(\.labels))
            else {
                // No number can be told apart from another: the step must not be taken.
                return names.map { LossTerm($0, sum: tape.scalar(.nan, gradients: []), divisor: 1) }
            }
            let matches = pairs.reduce(0) { $0 + $1.count }
            let count = countsUnmatchedObjects ? targets.reduce(0) { $0 + $1.boxes.count } : matches
            let (distance, overlap) = boxTerms(output.boxes[layer], pairs, boxes, tape)
            return [
                classTerm(names[0], output.logits[layer], pairs, targets, matches, tape),
                LossTerm(names[1], sum: distance, divisor: Double(max(1, count)), weight: matcher.boxWeight),
                LossTerm(
                    names[2], sum: overlap, divisor: Double(max(1, count)), weight: matcher.overlapWeight),
            ]
        }
    }

    private func normalizedBoxes(of target: Target) -> [NormalizedBox] {
        target.boxes.map { NormalizedBox($0, imageWidth: target.validWidth, imageHeight: target.validHeight) }
    }

    /// Which query of each image has which object under these labels; nil where an output is not finite.
    package func pairs(
        _ output: SetOutput, layer: Int, _ targets: [Target], labels: [[Int32]]
    ) -> [[HungarianMatcher.Pair]]? {
        pairs(output, layer: layer, targets, targets.map { normalizedBoxes(of: $0) }, labels: labels)
    }

    private func pairs(
        _ output: SetOutput, layer: Int, _ targets: [Target], _ boxes: [[NormalizedBox]], labels: [[Int32]]
    ) -> [[HungarianMatcher.Pair]]? {
        let (logits, predicted) = (output.logits[layer].tensor, output.boxes[layer].tensor)
        let probabilities = Tape(recording: false).softmax(Variable(constant: logits)).tensor
        do throws(AssignmentError) {
            var pairs: [[HungarianMatcher.Pair]] = []
            for n in targets.indices {
                pairs.append(
                    try matcher.match(
                        probabilities: probabilities.prefix(n..<(n + 1)).rows,
                        boxes: predicted.prefix(n..<(n + 1)).rows,
                        objects: boxes[n], labels: labels[n]))
            }
            return pairs
        } catch {
            return nil
        }
    }

    private func classTerm(
        _ name: String, _ logits: Variable, _ pairs: [[HungarianMatcher.Pair]], _ targets: [Target],
        _ matches: Int,
        _ tape: Tape
    ) -> LossTerm {
        let (queryCount, background) = (logits.shape[1], logits.shape[2] - 1)
        var labels = [Int32](repeating: Int32(background), count: logits.tensor.rowCount)
        for (n, pairs) in pairs.enumerated() {
            for pair in pairs { labels[n * queryCount + pair.query] = targets[n].labels[pair.object] }
        }
        let weights = labels.map { $0 == background ? backgroundWeight : 1 }
        let loss = CrossEntropy.sum(logits.tensor.rows, labels: labels, weights: weights)
        let divisor: Double =
            switch classDivisor {
            case .weights: weights.reduce(0) { $0 + Double($1) }
            case .matches: Double(max(1, matches))
            }
        return LossTerm(
            name, sum: tape.scalar(loss.sum, gradients: [(logits, loss.gradient)]), divisor: divisor,
            weight: matcher.classWeight)
    }

    /// Sums over the matched queries: of absolute differences, and of 1 - GIoU.
    private func boxTerms(
        _ boxes: Variable, _ pairs: [[HungarianMatcher.Pair]], _ objects: [[NormalizedBox]], _ tape: Tape
    ) -> (distance: Variable, overlap: Variable) {
        var rows: [Int32] = []
        var truth: [NormalizedBox] = []
        for (n, pairs) in pairs.enumerated() {
            for pair in pairs {
                rows.append(Int32(n * boxes.shape[1] + pair.query))
                truth.append(objects[n][pair.object])
            }
        }
        let predicted = tape.gatherRows(boxes, rows)
        let numbers = Tensor(truth.flatMap(\.numbers), shape: [rows.count, 4])
        let distance = BoxRegressionLoss.l1.sum(predicted.tensor, numbers)
        let overlap = GIoULoss.sum(Self.corners(predicted.tensor), Self.corners(numbers), epsilon: 0)
        for row in rows.indices {
            // x1 = cx - w/2 and x2 = cx + w/2; y alike.
            let g = overlap.gradient.floats + 4 * row
            (g[0], g[1], g[2], g[3]) = (g[0] + g[2], g[1] + g[3], (g[2] - g[0]) / 2, (g[3] - g[1]) / 2)
        }
        return (
            tape.scalar(distance.sum, gradients: [(predicted, distance.gradient)]),
            tape.scalar(overlap.sum, gradients: [(predicted, overlap.gradient)])
        )
    }

    private static func corners(_ boxes: Tensor) -> Tensor {
        let out = Tensor(uninitialized: boxes.shape)
        for row in 0..<boxes.rowCount {
            let box = NormalizedBox(boxes.floats + 4 * row).corners
            let p = out.floats + 4 * row
            (p[0], p[1], p[2], p[3]) = (box.x1, box.y1, box.x2, box.y2)
        }
        return out
    }
}
