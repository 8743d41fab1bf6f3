import XCTest

@testable import Collectives

/// The patience of one wait, without any peer.
final class DeadlineTests: RankTestCase {
    private let limit = 0.3

    /// Pauses for some seconds and says whether the deadline held all along.
    private func lasts(seconds: Double, restartingEvery interval: Double = .infinity) -> Bool {
        var deadline = Deadline(seconds: limit, spinSeconds: 0.001)
        let start = ContinuousClock.now
        var lastRestart = 0.0
        while true {
            let elapsed = (ContinuousClock.now - start) / .seconds(1)
            if elapsed > seconds { return true }
            if elapsed - lastRestart > interval {
                deadline.restart()
                lastRestart = elapsed
            }
            if !deadline.pause() { return false }
        }
    }

    func testSilenceEndsAWaitAtItsLimit() {
        XCTAssertFalse(lasts(seconds: 10 * limit))
    }

    /// What moves is not silent, however long all of it takes.
    func testMovementKeepsAWaitGoingPastItsLimit() {
        XCTAssertTrue(lasts(seconds: 3 * limit, restartingEvery: limit / 30))
    }
}
