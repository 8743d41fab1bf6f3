package import DetectionData
package import Randomness

/// The regions of one image that a second stage trains on.
package struct SampledRegions: Sendable {
    /// Those with an object first.
    package let boxes: [Box]
    /// One per region with an object: the position of its box in the target.
    package let truths: [Int]
    /// So many of the first are the target's own boxes.
    package let ownCount: Int

    package var positiveCount: Int { truths.count }

    /// Matches and draws. The target's own boxes are regions too, each matched to itself: even a first stage that finds
    /// nothing gives the second one something to learn.
    /// - Source: mmdetection 2.x `RandomSampler` with `add_gt_as_proposals`; torchvision does the same up to the order.
    package init(
        _ proposals: [Box], _ target: Target, matcher: MaxIoUMatcher, sampler: RandomSampler,
        random: inout RandomSource
    ) {
        let candidates = target.boxes + proposals
        let assigned = target.boxes.indices.map { Int32($0) } + matcher.match(proposals, target.boxes)
        let (positives, negatives) = sampler.sample(
            assigned, isValid: [Bool](repeating: true, count: assigned.count), random: &random)
        boxes = (positives + negatives).map { candidates[$0] }
        ownCount = positives.prefix { $0 < target.boxes.count }.count
        truths = positives.map { Int(assigned[$0]) }
    }
}
