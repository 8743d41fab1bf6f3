import XCTest

@testable import Collectives

final class MessageTests: RankTestCase {
    func testBroadcastReachesEveryRankFromEveryRoot() throws {
        let world = try world()
        for root in 0..<world.topology.size {
            let buffer = UnsafeMutableBufferPointer<Float>.allocate(capacity: 70_001)
            defer { buffer.deallocate() }
            buffer.initialize(repeating: Float(world.topology.rank))
            try world.broadcast(buffer, root: root, label: "weights")
            XCTAssertTrue(buffer.allSatisfy { $0 == Float(root) }, "root \(root)")
        }
    }

    func testBroadcastOfUnknownLengthTakesTheRootsBytes() throws {
        let world = try world()
        let root = world.topology.size - 1
        for count in [0, 1, 300] {
            let sent = (0..<count).map { UInt8(truncatingIfNeeded: $0 * 3 + 1) }
            let mine = world.topology.rank == root ? sent : [9, 9]
            XCTAssertEqual(try world.broadcast(mine, root: root, label: "text"), sent)
        }
    }

    func testGatherKeepsUnequalLengthsApart() throws {
        let world = try world()
        func bytes(_ rank: Int) -> [UInt8] {
            // Rank 1 has nothing to say; the others more and more.
            rank == 1 ? [] : (0..<rank * 100_000 + 3).map { UInt8(truncatingIfNeeded: $0 + rank) }
        }
        for _ in 0..<2 {
            let parts = try world.gather(bytes(world.topology.rank), label: "detections")
            if world.topology.rank == 0 {
                XCTAssertTrue(parts == (0..<world.topology.size).map(bytes))
            } else {
                XCTAssertNil(parts)
            }
        }
    }

    func testBarrierHoldsBackTheEarlyRanks() throws {
        let world = try world()
        try world.barrier(label: "together")
        if world.topology.rank == 0 { Thread.sleep(forTimeInterval: 0.2) }
        // The ranks of one host read one clock.
        let arrival = DispatchTime.now().uptimeNanoseconds
        try world.barrier(label: "rank 0 is late")
        let departure = DispatchTime.now().uptimeNanoseconds
        let lastArrival = try world.reduced(Int64(arrival), .maximum, label: "arrivals")
        XCTAssertGreaterThanOrEqual(Int64(departure), lastArrival)
    }
}
