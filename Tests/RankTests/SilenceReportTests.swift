import XCTest

@testable import Collectives

final class SilenceReportTests: RankTestCase {
    private func status(
        _ rank: Int, waits: Int, in collective: String? = "barrier 'end'", silent: Double = 0.2
    ) -> RankStatus {
        var status = RankStatus(rank: rank)
        status.hostName = "node\(rank)"
        status.step = 17
        status.phase = "reduce"
        status.waitCount = waits
        status.waitsIn = collective
        status.seconds = 4
        status.silentSeconds = silent
        return status
    }

    func testRanksBehindAreMissingAndRanksAheadAreNot() {
        let report = SilenceReport(
            own: status(0, waits: 5),
            others: [
                status(1, waits: 5), status(2, waits: 4), status(3, waits: 5, in: nil),
                status(4, waits: 6, in: nil),
            ], size: 6)
        XCTAssertEqual(report.missingRanks, [2, 3, 5])
        XCTAssertTrue(
            report.description.contains(
                "rank 2 on node2 (step 17, reduce, in barrier 'end', for 4.0 s; alive)"))
        XCTAssertTrue(report.description.contains("rank 3 on node3 (step 17, reduce, for 4.0 s; alive)"))
        XCTAssertTrue(report.description.hasSuffix("; nothing heard from rank 5"), report.description)
    }

    func testAStoppedProcessIsToldFromASlowOne() {
        let report = SilenceReport(
            own: status(1, waits: 5), others: [status(0, waits: 4, silent: 12.34)], size: 2)
        XCTAssertTrue(report.description.contains("no heartbeat for 12.3 s"), report.description)
    }

    /// It came to the wait, or is past it, and then stopped.
    func testAStoppedProcessIsMissingWhereverItWas() {
        let report = SilenceReport(
            own: status(0, waits: 5),
            others: [status(1, waits: 5, silent: 12), status(2, waits: 6, silent: 12), status(3, waits: 5)],
            size: 4)
        XCTAssertEqual(report.missingRanks, [1, 2])
    }

    func testNobodyMissingPointsAtTheNetwork() {
        let report = SilenceReport(own: status(0, waits: 5), others: [status(1, waits: 5)], size: 2)
        XCTAssertEqual(report.missingRanks, [])
        XCTAssertEqual(report.description, "all ranks are in it: the network does not move it")
    }

    /// What one node's ranks tell another's.
    func testABoardArrivesAsItWasSent() throws {
        let copy = try world().duplicate()
        copy.note(step: 8, phase: "backward")
        try copy.barrier(label: "all have noted it")
        let read = copy.board.encoded().withUnsafeBytes { StatusBoard.decode($0) }
        XCTAssertEqual(read.map(\.rank), copy.board.statuses.map(\.rank))
        for row in read {
            XCTAssertEqual(row.hostName, copy.topology.hostName)
            XCTAssertEqual(row.step, 8)
            XCTAssertEqual(row.phase, "backward")
            XCTAssertLessThan(row.silentSeconds, 5)
        }
        try copy.barrier(label: "all have looked")
        try copy.freeGroups()
    }

    /// Pretends that every rank is a node, so that boards travel as messages.
    func testWaitingRanksOfOtherNodesAreHeardAndAMissingOneIsNot() throws {
        let world = try world()
        guard world.topology.size > 2 else { return }
        let lost = try world.duplicate(ranksPerNode: 1)
        if world.topology.rank > 0 {
            XCTAssertThrowsError(try lost.barrier(label: "end", deadlineSeconds: 0.3)) { error in
                XCTAssertEqual((error as? CollectiveError)?.differingRanks, [0], "\(error)")
                XCTAssertTrue("\(error)".contains("nothing heard from rank 0"), "\(error)")
            }
        }
        try world.barrier(label: "the job itself goes on")
    }
}
