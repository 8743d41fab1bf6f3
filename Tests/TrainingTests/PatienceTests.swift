import Testing

@testable import Training

@Suite struct PatienceTests {
    @Test func nothingKnownMeansTheLongLimit() {
        var patience = Patience(floorSeconds: 5)
        #expect(patience.stepLimitSeconds == 600)
        for _ in 0..<4 { patience.add(1) }
        #expect(patience.stepLimitSeconds == 600)
        patience.add(1)
        #expect(patience.stepLimitSeconds == 20)
    }

    @Test func theFloorHoldsForQuickSteps() {
        var patience = Patience(floorSeconds: 5)
        for _ in 0..<10 { patience.add(0.05) }
        #expect(patience.stepLimitSeconds == 5)
    }

    /// One slow step among many, as where a checkpoint was written, moves the median little.
    @Test func itIsTheMedianOfTheStepsOfLate() {
        var patience = Patience(floorSeconds: 1)
        for _ in 0..<10 { patience.add(1) }
        patience.add(500)
        #expect(patience.stepLimitSeconds == 20)
        for _ in 0..<64 { patience.add(2) }
        #expect(patience.stepLimitSeconds == 40)
    }

    @Test func unevenWorkNeverGetsLessThanASlowStepAllows() {
        var patience = Patience(floorSeconds: 5)
        #expect(patience.unevenLimitSeconds == 600)
        patience.add(100)
        #expect(patience.unevenLimitSeconds == 2000)
        #expect(Patience(floorSeconds: 900).unevenLimitSeconds == 900)
    }
}
