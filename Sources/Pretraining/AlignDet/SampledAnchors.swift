internal import Detection
internal import DetectionData
internal import Randomness

/// The anchors of one view that the losses read, with the proposals they stand for.
///
/// N images, A anchors of an image, S anchor shapes of a cell.
struct SampledAnchors {
    /// Per image and anchor: the proposal's position in the target, background, or ignored where not drawn.
    let assigned: [[Int32]]
    /// Per level: rows of the level's [N H W, C] features.
    private(set) var rows: [[Int32]]
    /// Anchor shape and label of each row, level after level.
    private(set) var shapes: [Int32] = []
    private(set) var labels: [Int32] = []
    /// Sampled positives, each image counting at least 1: the box loss's divisor.
    let positiveCount: Int

    /// - offsets: label of each image's proposal 0.
    init(
        _ targets: [Target], _ anchors: AnchorSet, matcher: MaxIoUMatcher, settings: AlignDetSettings,
        offsets: [Int32], view: Int, moment: StepMoment
    ) {
        let background = settings.backgroundLabel.value
        var assigned: [[Int32]] = []
        var drawn: [(position: Int, label: Int32)] = []
        var positiveCount = 0
        for (n, target) in targets.enumerated() {
            let matched = DenseTargets.assign(anchors, target, matcher)
            var random = RandomSource(
                seed: moment.seed, epoch: moment.step, sample: 2 * target.imageID + view, purpose: .sampling)
            let (positives, negatives) = settings.sampler.sample(
                matched, isValid: [Bool](repeating: true, count: matched.count), random: &random)
            var kept = [Int32](repeating: MaxIoUMatcher.ignored, count: matched.count)
            for i in positives {
                kept[i] = matched[i]
                drawn.append((Self.position(i, n, targets.count, anchors, settings.labelLayout),
                    offsets[n] + target.boxIDs[Int(matched[i])]))
            }
            for i in negatives {
                kept[i] = MaxIoUMatcher.background
                drawn.append((Self.position(i, n, targets.count, anchors, settings.labelLayout), background))
            }
            positiveCount += max(1, positives.count)
            assigned.append(kept)
        }
        self.assigned = assigned
        self.positiveCount = positiveCount
        rows = [[Int32]](repeating: [], count: anchors.levelCount)
        drawn.sort { $0.position < $1.position }
        for (position, label) in drawn {
            var level = 0
            while position >= targets.count * anchors.levelStarts[level + 1] { level += 1 }
            let inLevel = position - targets.count * anchors.levelStarts[level]
            rows[level].append(Int32(inLevel / anchors.shapeCount))
            shapes.append(Int32(inLevel % anchors.shapeCount))
            labels.append(label)
        }
    }

    /// Place of anchor `i` of image `n` in the features flattened by (level, image, cell, shape), or the place where the
    /// published code looks for it.
    private static func position(
        _ i: Int, _ n: Int, _ imageCount: Int, _ anchors: AnchorSet, _ layout: AlignDetSettings.LabelLayout
    ) -> Int {
        if layout == .imageMajor { return n * anchors.count + i }
        var level = 0
        while i >= anchors.levelStarts[level + 1] { level += 1 }
        let start = anchors.levelStarts[level]
        return imageCount * start + n * anchors.levelRange(level).count + i - start
    }
}
