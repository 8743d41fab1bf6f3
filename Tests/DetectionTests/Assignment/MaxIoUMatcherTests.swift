import Detection
import DetectionData
import Tensors
import TestSupport
import Testing

@Suite(.serialized) struct MaxIoUMatcherTests {
    /// Boxes of equal height, given by their ends: overlaps are ratios of lengths.
    private func strip(_ x1: Float, _ x2: Float) -> Box { Box(x1: x1, y1: 0, x2: x2, y2: 10) }

    private func anchors(_ boxes: [Box]) -> Tensor {
        Tensor(boxes.flatMap { [$0.x1, $0.y1, $0.x2, $0.y2] }, shape: [boxes.count, 4])
    }

    private func matcher(_ lowQuality: MaxIoUMatcher.LowQuality, minimum: Float = 0) -> MaxIoUMatcher {
        MaxIoUMatcher(positive: 0.5, negative: 0.4, minimumPositive: minimum, lowQuality: lowQuality)
    }

    @Test func overlapsDecideAndBothThresholdsBelongToTheBetterSide() {
        // Overlaps with the box: 0.75, exactly 0.5, 0.45, exactly 0.4, 0.375, none.
        let box = strip(0, 60)
        let anchors = anchors([
            strip(0, 80), strip(0, 120), strip(0, 27), strip(0, 24), strip(0, 160), strip(70, 90),
        ])
        #expect(matcher(.none).match(anchors, [box]) == [0, 0, -2, -2, -1, -1])
    }

    @Test func anAnchorTakesTheBoxItOverlapsMostAndTheFirstOfEquals() {
        let boxes = [strip(0, 60), strip(0, 90), strip(0, 90)]
        #expect(matcher(.none).match(anchors([strip(0, 100)]), boxes) == [1])
    }

    /// The first anchor is the second box's best although it overlaps the first box more.
    @Test func aBoxWithoutAGoodAnchorClaimsItsBest() {
        let anchors = anchors([strip(0, 100), strip(0, 60)])
        let boxes = [strip(0, 45), strip(58, 100)]
        #expect(matcher(.none).match(anchors, boxes) == [-2, 0])
        #expect(matcher(.claimingBox).match(anchors, boxes) == [1, 0])
        #expect(matcher(.ownBest).match(anchors, boxes) == [0, 0])
        #expect(matcher(.claimingBox, minimum: 0.43).match(anchors, boxes) == [-2, 0])
    }

    @Test func allAnchorsTiedForABoxAreClaimed() {
        let anchors = anchors([strip(0, 100), strip(20, 120), strip(40, 140), strip(300, 400)])
        // 30 of 110 for the second and, mirrored, for the third; 10 of 130 for the first.
        let claimed = matcher(.claimingBox).match(anchors, [strip(90, 120)])
        #expect(claimed == [-1, 0, 0, -1])
    }

    @Test func laterBoxesOverwriteEarlierClaims() {
        // Both boxes have the only anchor as their best.
        let anchors = anchors([strip(0, 100)])
        #expect(matcher(.claimingBox).match(anchors, [strip(0, 20), strip(50, 60)]) == [1])
        #expect(matcher(.ownBest).match(anchors, [strip(0, 20), strip(50, 60)]) == [0])
    }

    @Test func boxesThatNoAnchorTouchesClaimNothing() {
        #expect(matcher(.claimingBox).match(anchors([strip(0, 10)]), [strip(50, 60)]) == [-1])
    }

    @Test func withoutBoxesAllIsBackground() {
        #expect(matcher(.claimingBox).match(anchors([strip(0, 10), strip(5, 9)]), []) == [-1, -1])
    }

    /// Against the rule written out, on thousands of anchors and for one and two threads.
    @Test(arguments: [MaxIoUMatcher.LowQuality.none, .claimingBox, .ownBest])
    func manyAnchorsFollowTheRule(lowQuality: MaxIoUMatcher.LowQuality) {
        func boxes(_ name: String, _ count: Int) -> [Box] {
            let values = GoldenWeights.values(name, count: 4 * count, scale: 0.5, shift: 0.5)
            return (0..<count).map { i in
                Box(
                    x: (values[4 * i] * 40).rounded(), y: (values[4 * i + 1] * 40).rounded(),
                    width: 8 + (values[4 * i + 2] * 30).rounded(),
                    height: 8 + (values[4 * i + 3] * 30).rounded())
            }
        }
        let (candidates, truth) = (boxes("match.anchors", 5000), boxes("match.boxes", 7))
        let overlaps = candidates.map { a in truth.map { a.intersectionOverUnion($0) } }
        var expected = overlaps.map { row -> Int32 in
            let best = row.max() ?? 0
            return best >= 0.5 ? Int32(row.firstIndex(of: best) ?? 0) : best < 0.4 ? -1 : -2
        }
        if lowQuality != .none {
            for b in truth.indices {
                let best = overlaps.reduce(0) { max($0, $1[b]) }
                for i in overlaps.indices where overlaps[i][b] == best {
                    let own = overlaps[i].firstIndex(of: overlaps[i].max() ?? 0) ?? 0
                    expected[i] = Int32(lowQuality == .claimingBox ? b : own)
                }
            }
        }
        let matcher = matcher(lowQuality)
        #expect(Set(expected).count > 5)
        #expect(ThreadBudget.with(1) { matcher.match(anchors(candidates), truth) } == expected)
        #expect(ThreadBudget.with(2) { matcher.match(anchors(candidates), truth) } == expected)
    }
}
