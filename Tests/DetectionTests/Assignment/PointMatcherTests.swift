import DetectionData
import Testing

@testable import Detection

@Suite struct PointMatcherTests {
    /// 4 x 4 points at 4, 12, 20, 28 and 2 x 2 at 8, 24.
    private let points = PointGenerator(strides: [8, 16], offset: 0.5).points(
        [(4, 4), (2, 2)], inputHeight: 32, inputWidth: 32)

    private func cells(_ assigned: [Int32], _ box: Int32) -> [Int] {
        assigned.indices.filter { assigned[$0] == box }
    }

    @Test func aPointOnTheBorderIsOutside() {
        let matcher = PointMatcher(limits: [100], radius: nil)
        let assigned = matcher.assign(points, [Box(x1: 4, y1: 4, x2: 28, y2: 28)])
        #expect(cells(assigned, 0) == [5, 6, 9, 10])
    }

    @Test func theSmallestBoxWinsAndOfEqualOnesTheFirst() {
        let matcher = PointMatcher(limits: [100], radius: nil)
        let (large, small) = (Box(x1: 0, y1: 0, x2: 32, y2: 32), Box(x1: 0, y1: 0, x2: 16, y2: 16))
        let assigned = matcher.assign(points, [large, small, small])
        #expect(cells(assigned, 1) == [0, 1, 4, 5] && cells(assigned, 2).isEmpty)
        #expect(cells(assigned, 0).count == 12)
    }

    /// The box's farthest side is 24 or more away from its corner points and 16 from the level's middle ones.
    @Test func eachLevelTakesItsDistances() {
        let assigned = PointMatcher(limits: [20], radius: nil).assign(
            points, [Box(x1: 0, y1: 0, x2: 32, y2: 32)])
        #expect(cells(assigned, 0) == [5, 6, 9, 10, 16, 17, 18, 19])
    }

    @Test func centreSamplingTakesThePointsNearTheMiddle() {
        let box = Box(x1: 0, y1: 0, x2: 31, y2: 31)
        let assigned = PointMatcher(limits: [100], radius: 1).assign(points, [box])
        #expect(cells(assigned, 0) == [5, 6, 9, 10])
    }

    @Test func boxesOutsideAndNoBoxesLeaveBackground() {
        let matcher = PointMatcher(limits: [100], radius: nil)
        let outside = [Box(x1: -50, y1: -50, x2: -10, y2: -10), Box(x1: 60, y1: 60, x2: 90, y2: 90)]
        #expect(matcher.assign(points, outside).allSatisfy { $0 == PointMatcher.background })
        #expect(matcher.assign(points, []).allSatisfy { $0 == PointMatcher.background })
    }
}
