import Testing

@testable import DetectionData

@Suite struct ProposalFilterTests {
    private func box(_ width: Float, _ height: Float) -> Box { Box(x: 0, y: 0, width: width, height: height) }

    private func kept(_ boxes: [Box], by filter: ProposalFilter, side: Int = 100) -> [Box] {
        filter(boxes, imageWidth: side, imageHeight: side)
    }

    @Test func alignDetKeepsAspectsUpToThreeAndSidesUpToFourFifths() {
        let pass = [box(30, 10), box(10, 30), box(80, 80), box(1, 1)]
        let fail = [box(31, 10), box(10, 31), box(81, 80), box(100, 100), box(0, 0)]
        #expect(kept(pass + fail, by: .alignDet) == pass)
    }

    @Test func soCoAlsoDropsSmallBoxes() {
        let pass = [box(32, 32), box(96, 32), box(80, 80)]
        let fail = [box(31, 40), box(40, 31), box(97, 32), box(81, 80)]
        #expect(kept(pass + fail, by: .soCo) == pass)
        // 0.3 of the side of 200 is 60.
        #expect(kept([box(60, 60), box(59, 60)], by: .soCo, side: 200) == [box(60, 60)])
    }

    @Test func overlapIsMeasuredAgainstBetterKeptBoxes() {
        let best = Box(x1: 0, y1: 0, x2: 10, y2: 10)
        let near = Box(x1: 0, y1: 0, x2: 10, y2: 6)  // 0.6 of best
        let half = Box(x1: 0, y1: 0, x2: 10, y2: 5)  // 0.5 of best, 0.83 of near
        let filter = ProposalFilter(overlapThreshold: 0.5)
        #expect(kept([best, near, half], by: filter) == [best, half])
        #expect(kept([near, half, best], by: filter) == [near])
    }

    @Test func repeatsComeLastAndCountForTheLimit() {
        let best = Box(x1: 0, y1: 0, x2: 10, y2: 10)
        let near = Box(x1: 0, y1: 0, x2: 10, y2: 9)  // 0.9 of best
        let far = Box(x1: 50, y1: 50, x2: 60, y2: 60)
        let nearFar = Box(x1: 50, y1: 50, x2: 60, y2: 59)
        let filter = ProposalFilter(deferralThreshold: 0.8)
        #expect(kept([best, near, nearFar, far], by: filter) == [best, nearFar, near, far])
        let three = ProposalFilter(deferralThreshold: 0.8, limit: 3)
        #expect(kept([best, near, nearFar, far], by: three) == [best, nearFar, near])
        #expect(
            kept([best, near, far], by: ProposalFilter(deferralThreshold: 0.8, limit: 2)) == [best, far])
    }

    @Test func limitCountsWhatPassed() {
        let boxes = [box(100, 1), box(10, 10), box(20, 20), box(30, 30)]
        let filter = ProposalFilter(maximumAspectRatio: 3, limit: 2)
        #expect(kept(boxes, by: filter) == [box(10, 10), box(20, 20)])
        #expect(kept(boxes, by: ProposalFilter(limit: 0)).isEmpty)
        #expect(kept(boxes, by: ProposalFilter()) == boxes)
    }

    @Test func stepsAreTriedUntilOneKeepsABox() throws {
        let steps = try ProposalFilterSteps.named("ratio3size0308post")
        func first(_ boxes: [Box]) -> [Box] { steps(boxes, imageWidth: 200, imageHeight: 200) }
        #expect(first([box(60, 60), box(40, 40), box(200, 40)]) == [box(60, 60)])
        #expect(first([box(40, 40), box(200, 40)]) == [box(40, 40)])
        #expect(first([box(200, 40), box(20, 20)]) == [box(200, 40)])
        #expect(first([box(20, 20)]) == [box(200, 200)])
        #expect(ProposalFilterSteps([.soCo])([box(20, 20)], imageWidth: 200, imageHeight: 200).isEmpty)
    }

    @Test func namesArePresetsOrFollowSoCosGrammar() throws {
        #expect(try ProposalFilterSteps.named("ratio3size0008").steps == [.alignDet])
        #expect(try ProposalFilterSteps.named("ratio3size0308").steps == [.soCo])
        #expect(try ProposalFilterSteps.named("none").steps == [ProposalFilter()])
        #expect(
            try ProposalFilterSteps.named("size0105").steps == [
                ProposalFilter(relativeSizes: 0.1...0.5, minimumSide: 32)
            ])
        #expect(
            try ProposalFilterSteps.named("ratio4@0.7").steps == [
                ProposalFilter(maximumAspectRatio: 4, minimumSide: 32, overlapThreshold: 0.7)
            ])
        let bad = [
            "", "ratio", "ratio0", "size03", "size0803", "ratio3size0308x", "ratio3@", "ratio3@2", "post",
        ]
        for name in bad {
            let error = #expect(throws: DataError.self) { try ProposalFilterSteps.named(name) }
            #expect(error?.description.contains("'\(name)'") == true)
            #expect(error?.hint?.contains("ratio3size0008") == true)
        }
    }
}
