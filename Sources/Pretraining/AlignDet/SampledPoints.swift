internal import Detection
internal import DetectionData
internal import Randomness

/// The points of one view that the losses read, with the proposals they stand for. All images share one draw.
struct SampledPoints {
    /// Per level: positions in the level's [N H W].
    private(set) var cells: [[Int32]]
    /// Label of each row, level after level.
    private(set) var labels: [Int32] = []
    /// The rows that have a proposal, with its box.
    private(set) var positives: [PointBoxLoss.Chosen] = []

    /// - offsets: label of each image's proposal 0.
    init(
        _ targets: [Target], _ points: PointSet, matcher: PointMatcher, settings: AlignDetSettings,
        offsets: [Int32], view: Int, moment: StepMoment
    ) {
        let background = settings.backgroundLabel.value
        let assigned = targets.map { matcher.assign(points, $0.boxes) }
        cells = [[Int32]](repeating: [], count: points.levels.count)
        // By (level, image, cell), as features lie.
        var all: [Int32] = []
        all.reserveCapacity(targets.count * points.count)
        for l in points.levels.indices {
            for (n, target) in targets.enumerated() {
                for box in assigned[n][points.levelStarts[l]..<points.levelStarts[l + 1]] {
                    all.append(box >= 0 ? offsets[n] + target.boxIDs[Int(box)] : background)
                }
            }
        }
        var random = RandomSource(
            seed: moment.seed, epoch: moment.step, sample: 2 * (targets.first?.imageID ?? 0) + view,
            purpose: .sampling)
        let (chosen, others) = settings.sampler.sample(
            all.map { Self.role($0, background: background) },
            isValid: [Bool](repeating: true, count: all.count),
            random: &random)
        let firstBackground = chosen.count
        let order = (chosen + others).enumerated().sorted { $0.element < $1.element }
        for (rank, position) in order {
            var l = 0
            while position >= targets.count * points.levelStarts[l + 1] { l += 1 }
            let inLevel = position - targets.count * points.levelStarts[l]
            cells[l].append(Int32(inLevel))
            labels.append(all[position])
            guard rank < firstBackground else { continue }
            let (n, cell) = (inLevel / points.levels[l].count, inLevel % points.levels[l].count)
            let box = targets[n].boxes[Int(assigned[n][points.levelStarts[l] + cell])]
            positives.append(PointBoxLoss.Chosen(level: l, image: n, cell: cell, box: box))
        }
    }

    /// What the sampler takes a label for. In the published code labels beyond the background's are never
    /// drawn.
    private static func role(_ label: Int32, background: Int32) -> Int32 {
        if label == background { return MaxIoUMatcher.background }
        return background >= 0 && label > background ? MaxIoUMatcher.ignored : label
    }
}
