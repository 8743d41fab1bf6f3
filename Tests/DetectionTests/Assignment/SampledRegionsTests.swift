import Detection
import DetectionData
import Randomness
import Testing

@Suite struct SampledRegionsTests {
    private let target = makeTarget(
        [Box(x1: 0, y1: 0, x2: 40, y2: 40), Box(x1: 50, y1: 50, x2: 90, y2: 80)], width: 100, height: 100)
    private let matcher = MaxIoUMatcher(positive: 0.5, negative: 0.5, lowQuality: .none)
    /// The first 30 overlap the first box by more than a half, the others none.
    private let proposals =
        (0..<30).map { Box(x1: Float($0) * 0.1, y1: 0, x2: 40, y2: 40) }
        + (0..<100).map { Box(x1: Float($0) * 0.1, y1: 85, x2: 40, y2: 99) }

    private func regions(_ count: Int, fraction: Float = 0.25, step: Int = 0, boxes: [Box]? = nil)
        -> SampledRegions
    {
        var random = DrawKey(seed: 1, step: step).source(.regions(stage: 0), target)
        return SampledRegions(
            boxes ?? proposals, target, matcher: matcher,
            sampler: RandomSampler(count: count, positiveFraction: fraction), random: &random)
    }

    @Test func truthsAreRegionsOfTheirOwn() {
        let sampled = regions(512, boxes: [])
        #expect(sampled.boxes == target.boxes && sampled.truths == [0, 1])
    }

    @Test func regionsWithAnObjectComeFirstAndAreAtMostTheirShare() {
        let sampled = regions(64)
        #expect(sampled.boxes.count == 64 && sampled.positiveCount == 16)
        #expect(sampled.boxes.prefix(16).allSatisfy { $0.y1 < 85 })
        #expect(sampled.boxes.dropFirst(16).allSatisfy { $0.y1 == 85 })
        for (box, truth) in zip(sampled.boxes, sampled.truths) {
            #expect(box.intersectionOverUnion(target.boxes[truth]) >= 0.5)
        }
    }

    @Test func drawsDependOnTheStepAndNothingElse() {
        #expect(regions(64).boxes == regions(64).boxes)
        #expect(regions(64).boxes != regions(64, step: 1).boxes)
    }

    @Test func anImageWithoutObjectsGivesBackground() {
        let empty = makeTarget([], width: 100, height: 100)
        var random = DrawKey(seed: 1, step: 0).source(.regions(stage: 0), empty)
        let sampled = SampledRegions(
            proposals, empty, matcher: matcher, sampler: RandomSampler(count: 50, positiveFraction: 0.25),
            random: &random)
        #expect(sampled.boxes.count == 50 && sampled.truths.isEmpty)
    }
}
