package import Randomness

/// Picks which anchors a loss reads.
/// - Source: mmdetection 2.x `RandomSampler`.
package struct RandomSampler: Sendable {
    package let count: Int
    package let positiveFraction: Float
    /// At most this many negatives per positive; negative for no bound.
    package let negativesPerPositive: Int

    package init(count: Int, positiveFraction: Float = 1, negativesPerPositive: Int = -1) {
        self.count = count
        self.positiveFraction = positiveFraction
        self.negativesPerPositive = negativesPerPositive
    }

    /// - assigned: as from `MaxIoUMatcher`; isValid: anchors that may be drawn.
    /// - Returns: positions of positives and of negatives, each ascending.
    package func sample(
        _ assigned: [Int32], isValid: [Bool], random: inout RandomSource
    ) -> (positives: [Int], negatives: [Int]) {
        var positives: [Int] = []
        var negatives: [Int] = []
        for (i, box) in assigned.enumerated() where isValid[i] {
            if box >= 0 { positives.append(i) } else if box == MaxIoUMatcher.background { negatives.append(i) }
        }
        positives = draw(Int(Float(count) * positiveFraction), of: positives, &random)
        var limit = count - positives.count
        if negativesPerPositive >= 0 { limit = min(limit, negativesPerPositive * max(1, positives.count)) }
        negatives = draw(limit, of: negatives, &random)
        return (positives, negatives)
    }

    private func draw(_ limit: Int, of candidates: [Int], _ random: inout RandomSource) -> [Int] {
        guard candidates.count > limit else { return candidates }
        return random.choose(limit, from: candidates.count).map { candidates[$0] }.sorted()
    }
}
