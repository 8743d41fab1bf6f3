internal import DetectionData
internal import Tensors

/// The few anchors of a batch that a first stage is trained on, and the cells they lie in.
struct DrawnAnchors {
    struct Element {
        let image: Int
        /// Its place among the anchors of an image.
        let anchor: Int
        /// Its place among the anchors of all `cells`, level after level.
        let row: Int32
        /// Of its image's boxes the one it is to find; negative for background.
        let box: Int32
    }

    /// Per level, positions in [N H W], ascending.
    let cells: [[Int32]]
    let elements: [Element]
    /// What both losses are divided by.
    let divisor: Double

    init(_ anchors: AnchorSet, _ targets: [Target], _ settings: RPNSettings, _ draws: DrawKey) {
        var drawn: [[Int32]] = []
        var count = 0
        for target in targets {
            let assigned = Self.assign(anchors, target, settings)
            var random = draws.source(.anchors, target)
            let (positives, negatives) = settings.sampler.sample(
                assigned, isValid: [Bool](repeating: true, count: assigned.count), random: &random)
            var boxes = [Int32](repeating: MaxIoUMatcher.ignored, count: assigned.count)
            for i in positives { boxes[i] = assigned[i] }
            for i in negatives { boxes[i] = MaxIoUMatcher.background }
            drawn.append(boxes)
            // mmdetection counts an image without any as one.
            count += max(1, positives.count) + max(1, negatives.count)
        }
        divisor = Double(count)

        var cells = [[Int32]](repeating: [], count: anchors.levelCount)
        var elements: [Element] = []
        var lastCell = -1
        for level in cells.indices {
            let range = anchors.levelRange(level)
            for (image, boxes) in drawn.enumerated() {
                for anchor in range where boxes[anchor] != MaxIoUMatcher.ignored {
                    let (place, shape) = (anchor - range.lowerBound).quotientAndRemainder(
                        dividingBy: anchors.shapeCount)
                    let cell = Int32(image * range.count / anchors.shapeCount + place)
                    if cells[level].last != cell {
                        cells[level].append(cell)
                        lastCell += 1
                    }
                    elements.append(
                        Element(
                            image: image, anchor: anchor, row: Int32(lastCell * anchors.shapeCount + shape),
                            box: boxes[anchor]))
                }
            }
        }
        (self.cells, self.elements) = (cells, elements)
    }

    /// Where a border counts, anchors beyond it do not even compete for a box.
    private static func assign(_ anchors: AnchorSet, _ target: Target, _ settings: RPNSettings) -> [Int32] {
        guard let border = settings.border else {
            return DenseTargets.assign(anchors, target, settings.matcher)
        }
        let kept = anchors.inside(width: target.validWidth, height: target.validHeight, border: border)
        let matched = settings.matcher.match(Elementwise.gatherRows(anchors.boxes, kept), target.boxes)
        var assigned = [Int32](repeating: MaxIoUMatcher.ignored, count: anchors.count)
        for (i, box) in zip(kept, matched) { assigned[Int(i)] = box }
        return assigned
    }
}
