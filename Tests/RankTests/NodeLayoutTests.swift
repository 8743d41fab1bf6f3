import XCTest

@testable import Collectives

final class NodeLayoutTests: RankTestCase {
    /// Slots and chunks so small that a thousand elements go round many times.
    private var tinySettings: CommunicatorSettings {
        var settings = CommunicatorSettings()
        settings.windowSlotByteCount = 1024
        settings.windowSlotCount = 3
        settings.ringChunkByteCount = 256
        settings.deadlineSeconds = 60
        return settings
    }

    private func checkSums(on communicator: MPICommunicator) throws {
        let (rank, size) = (communicator.topology.rank, communicator.topology.size)
        for algorithm in algorithms(of: communicator) {
            for count in [1, 31, 255, 256, 257, 20_011] {
                let mine = (0..<count).map { Float($0 % 97 + rank) }
                let expected = (0..<count).map { Float($0 % 97 * size + size * (size - 1) / 2) }
                let result = try sum(mine, by: algorithm, on: communicator)
                XCTAssertTrue(result == expected, "\(algorithm), \(count) elements")
            }
        }
    }

    func testTopologyCountsEveryRankOnce() throws {
        let topology = try world().topology
        XCTAssertEqual(topology.nodeOfRank.count, topology.size)
        XCTAssertEqual(topology.nodeOfRank[topology.rank], topology.nodeIndex)
        XCTAssertEqual(topology.nodeOfRank.filter { $0 == topology.nodeIndex }.count, topology.localSize)
        XCTAssertFalse(topology.hostName.isEmpty)
        XCTAssertEqual(
            try world().reduced(Int64(topology.localRank == 0 ? 1 : 0), .sum, label: "nodes"),
            Int64(topology.nodeCount))
    }

    func testTinySlotsAndChunksSumRight() throws {
        let communicator = try world().duplicate(tinySettings)
        try checkSums(on: communicator)
        try communicator.freeGroups()
    }

    func testNodesOfEqualSizeRelayBetweenWindows() throws {
        let world = try world()
        let communicator = try world.duplicate(tinySettings, ranksPerNode: 2)
        XCTAssertEqual(communicator.topology.nodeCount, (world.topology.size + 1) / 2)
        if world.topology.size % 2 == 0 { XCTAssertEqual(communicator.algorithm, .shmRing) }
        try checkSums(on: communicator)
        try communicator.freeGroups()
    }

    func testNodesOfUnequalSizeFallBackToTheRing() throws {
        let world = try world()
        guard world.topology.size == 4 else { return }
        let communicator = try world.duplicate(tinySettings, ranksPerNode: 3)
        XCTAssertEqual(communicator.algorithm, .ring)
        XCTAssertTrue(communicator.reductionDescription.contains("same number of ranks"))
        try checkSums(on: communicator)
        try communicator.freeGroups()
        var settings = tinySettings
        settings.algorithm = .shmRing
        XCTAssertThrowsError(try world.duplicate(settings, ranksPerNode: 3)) { error in
            XCTAssertEqual((error as? CollectiveError)?.kind, .unsupported)
        }
    }

    func testRingNeighboursAgreeOnEveryMessage() {
        for size in 2...5 {
            for count in [0, 1, 4, 5, 103] {
                let layouts = (0..<size).map {
                    RingLayout(rank: $0, size: size, elementCount: count, maximumChunkElementCount: 7)
                }
                for layout in layouts {
                    var arrived = [Int](repeating: 0, count: count)
                    for m in 0..<layout.messageCount {
                        XCTAssertEqual(layout.incoming(m), layouts[layout.left].outgoing(m))
                        for element in layout.incoming(m) { arrived[element] += 1 }
                    }
                    // Once round to be summed, but not the segment that starts here; once round as a sum.
                    XCTAssertEqual(arrived.reduce(0, +), arrivals(layout))
                }
            }
        }
    }

    /// Elements that reach a rank: all but its own segment while summing, all but the one it completes
    /// afterwards.
    private func arrivals(_ layout: RingLayout) -> Int {
        func length(_ segment: Int) -> Int {
            (segment + 1) * layout.elementCount / layout.size - segment * layout.elementCount / layout.size
        }
        return 2 * layout.elementCount - length(layout.rank) - length((layout.rank + 1) % layout.size)
    }
}
