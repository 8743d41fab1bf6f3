package import Randomness

/// Drops boxes that are not wider and higher than a limit, such as those a resize clipped away; draws nothing.
package struct FilterBoxes: Transform {
    private let minimumSide: Float

    /// - minimumSide: pixels; mmdetection's pipelines use 0.01.
    package init(minimumSide: Float) { self.minimumSide = minimumSide }

    package func apply(to sample: inout Sample, random: inout RandomSource) {
        sample.keepBoxes { $0.width > minimumSide && $0.height > minimumSide }
    }
}

extension Sample {
    /// Keeps the boxes that `condition` holds for, with their labels and ids.
    mutating func keepBoxes(where condition: (Box) -> Bool) {
        let kept = boxes.indices.filter { condition(boxes[$0]) }
        guard kept.count < boxes.count else { return }
        labels = kept.map { labels[$0] }
        boxIDs = kept.map { boxIDs[$0] }
        boxes = kept.map { boxes[$0] }
    }
}
