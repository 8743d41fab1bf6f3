import XCTest

@testable import Collectives

final class FailureTests: RankTestCase {
    /// Runs the call on all ranks but the last, and expects each of them to give up.
    private func expectDeadline(
        _ algorithm: String, _ call: (MPICommunicator) throws -> Void
    ) throws {
        let world = try world()
        guard world.topology.size > 1 else { return }
        // A job of its own, since nothing can be done with it afterwards.
        let lost = try world.duplicate()
        lost.note(step: 3, phase: "forward")
        try lost.barrier(label: "all are here")
        if world.topology.rank < world.topology.size - 1 {
            let start = ContinuousClock.now
            XCTAssertThrowsError(try call(lost), algorithm) { error in
                guard let error = error as? CollectiveError else { return XCTFail("\(algorithm): \(error)") }
                XCTAssertEqual(error.kind, .deadline, "\(algorithm): \(error)")
                XCTAssertEqual(error.rank, world.topology.rank)
                XCTAssertTrue(error.call.contains("'bucket 7'"), error.call)
                XCTAssertTrue(error.description.contains("of 0.3 s"), error.description)
                let missing = world.topology.size - 1
                XCTAssertEqual(error.differingRanks, [missing], error.description)
                XCTAssertTrue(
                    error.text.contains(
                        "missing: rank \(missing) on \(world.topology.hostName) (step 3, forward"),
                    error.text)
            }
            let seconds = (ContinuousClock.now - start) / .seconds(1)
            XCTAssertGreaterThan(seconds, 0.29)
            XCTAssertLessThan(seconds, 5)
            XCTAssertThrowsError(try lost.barrier(label: "after")) { error in
                XCTAssertEqual((error as? CollectiveError)?.kind, .broken)
            }
        }
        try world.barrier(label: "the job itself goes on")
    }

    func testEveryCallGivesUpOnASilentRank() throws {
        for algorithm in algorithms(of: try world()) {
            try expectDeadline("\(algorithm)") { lost in
                // Never freed: the library may still write to it.
                let buffer = UnsafeMutableBufferPointer<Float>.allocate(capacity: 200_000)
                buffer.initialize(repeating: 1)
                try lost.startAllReduceSum(buffer, by: algorithm, label: "bucket 7").wait(
                    deadlineSeconds: 0.3)
            }
        }
        try expectDeadline("barrier") { try $0.barrier(label: "bucket 7", deadlineSeconds: 0.3) }
        try expectDeadline("small all-reduce") { lost in
            let counts = UnsafeMutableBufferPointer<Int64>.allocate(capacity: 2)
            counts.initialize(repeating: 1)
            try lost.allReduce(counts, .sum, label: "bucket 7", deadlineSeconds: 0.3)
        }
    }

    func testAbandonedReductionBreaksTheCommunicatorOnly() throws {
        let world = try world()
        guard world.topology.size > 1 else { return }
        let lost = try world.duplicate()
        if world.topology.rank == 0 {
            let buffer = UnsafeMutableBufferPointer<Float>.allocate(capacity: 10_000)
            buffer.initialize(repeating: 1)
            try lost.startAllReduceSum(buffer, label: "given up").abandon()
            XCTAssertThrowsError(try lost.progressOrBarrier()) { error in
                XCTAssertTrue("\(error)".contains("'given up' was abandoned"), "\(error)")
            }
        }
        try world.barrier(label: "the job itself goes on")
    }

    func testAgreementPassesOnEqualDigests() throws {
        try world().agree(on: 0xFEDC_BA98_7654_3210, what: "configuration")
    }

    func testAgreementNamesTheRankThatDiffers() throws {
        let world = try world()
        let (rank, size) = (world.topology.rank, world.topology.size)
        guard size > 1 else { return }
        // With two ranks there is no majority, and rank 0 is the reference.
        let odd = size - 1
        XCTAssertThrowsError(
            try world.agree(on: rank == odd ? 0xBAD : 0xFFFF_0000_0000_0001, what: "bucket plan")
        ) {
            guard let error = $0 as? CollectiveError else { return XCTFail("\($0)") }
            XCTAssertEqual(error.kind, .disagreement)
            XCTAssertEqual(error.differingRanks, [odd])
            XCTAssertTrue(error.text.contains("rank \(odd) of \(size) differ"), error.text)
            XCTAssertTrue(error.text.contains("0000000000000bad, not ffff000000000001"), error.text)
        }
        guard size > 2 else { return }
        XCTAssertThrowsError(try world.agree(on: rank == 0 ? 1 : 2, what: "configuration")) {
            XCTAssertEqual(($0 as? CollectiveError)?.differingRanks, [0])
        }
    }
}

extension MPICommunicator {
    fileprivate func progressOrBarrier() throws(CollectiveError) {
        try progress()
        try barrier(label: "after")
    }
}
