import XCTest

@testable import Collectives

/// Sums of numbers that lie in memory the ranks of a node share, and small numbers that meet there.
final class SharedMemoryTests: RankTestCase {
    /// The settings of a job whose ranks sum through shared memory wherever that is possible.
    private var settings: CommunicatorSettings {
        var settings = CommunicatorSettings()
        settings.deadlineSeconds = 60
        settings.windowSlotByteCount = 4096
        settings.ringChunkByteCount = 4096
        return settings
    }

    private func whole(_ index: Int, rank: Int) -> Float { Float((index * 7 + rank * 13) % 101 - 50) }

    private func wholeSum(_ index: Int, size: Int) -> Float {
        (0..<size).reduce(0) { $0 + whole(index, rank: $1) }
    }

    /// Stretches of shared memory, one after another and all under way at once, with other memory between.
    private func checkSharedSums(on communicator: MPICommunicator) throws {
        let (rank, size) = (communicator.topology.rank, communicator.topology.size)
        // The last stretch is longer than a chunk.
        let stretches = [0..<1, 16..<1000, 1008..<70_001, 70_016..<2_400_000]
        guard let memory = try communicator.allocateShared(count: 2_400_000) else {
            return XCTAssertNotEqual(communicator.algorithm, .shmRing)
        }
        XCTAssertEqual(communicator.algorithm, .shmRing)
        let other = UnsafeMutableBufferPointer<Float>.allocate(capacity: 9000)
        defer { other.deallocate() }
        for round in 0..<3 {
            for index in memory.indices { memory[index] = whole(index + round, rank: rank) }
            other.initialize(repeating: Float(rank + round))
            let sums = try stretches.map { range in
                Held(
                    try communicator.startAllReduceSum(
                        UnsafeMutableBufferPointer(rebasing: memory[range]), label: "\(range)"))
            }
            let between = Held(try communicator.startAllReduceSum(other, label: "other memory"))
            try between.wait()
            for sum in sums.reversed() { try sum.wait() }
            for range in stretches {
                let wrong = range.first { memory[$0] != wholeSum($0 + round, size: size) }
                XCTAssertNil(wrong, "round \(round), stretch \(range)")
            }
            // The gaps are nobody's business.
            for gap in [1, 15, 1003, 70_010] { XCTAssertEqual(memory[gap], whole(gap + round, rank: rank)) }
            let expected = Float(size * (size - 1) / 2 + round * size)
            XCTAssertTrue(other.allSatisfy { $0 == expected })
        }
    }

    /// A reduction that may wait in an array.
    private final class Held {
        private var reduction: PendingReduction?
        init(_ reduction: consuming PendingReduction) { self.reduction = consume reduction }
        func wait() throws { try reduction.take()?.wait() }
    }

    func testSumsInSharedMemoryEqualHandComputation() throws {
        let communicator = try world().duplicate(settings)
        try checkSharedSums(on: communicator)
        try communicator.freeGroups()
    }

    func testSumsInSharedMemoryCrossNodes() throws {
        let communicator = try world().duplicate(settings, ranksPerNode: 2)
        try checkSharedSums(on: communicator)
        try communicator.freeGroups()
    }

    func testSumsInSharedMemoryAddInTheOrderOfTheRanks() throws {
        let communicator = try world().duplicate(settings)
        defer { try? communicator.freeGroups() }
        guard let memory = try communicator.allocateShared(count: 5000) else { return }
        let (rank, size) = (communicator.topology.rank, communicator.topology.size)
        func fraction(_ index: Int, _ rank: Int) -> Float { Float(sin(Double(index * 31 + rank * 17))) }
        for index in memory.indices { memory[index] = fraction(index, rank) }
        try communicator.startAllReduceSum(memory, label: "order").wait()
        for index in memory.indices {
            let expected = (1..<size).reduce(fraction(index, 0)) { $0 + fraction(index, $1) }
            guard memory[index] == expected else { return XCTFail("element \(index)") }
        }
    }

    func testSmallSumsFollowEachOtherWithoutMixing() throws {
        let communicator = try world().duplicate(settings)
        let (rank, size) = (communicator.topology.rank, communicator.topology.size)
        for round in 0..<300 {
            // Somebody is late now and then.
            if round % 50 == rank { Thread.sleep(forTimeInterval: 0.002) }
            let count = [1, 7, 900, 8192, 9001][round % 5]
            let sums = try communicator.reduced(
                (0..<count).map { Double($0 + rank * round) }, .sum, label: "round \(round)")
            let ranks = Double(round * size * (size - 1) / 2)
            XCTAssertTrue(sums.indices.allSatisfy { sums[$0] == Double($0 * size) + ranks }, "round \(round)")
            XCTAssertEqual(
                try communicator.reduced(Int64(rank * round), .maximum, label: "max"),
                Int64((size - 1) * round))
            XCTAssertEqual(try communicator.reduced(Float(-rank), .minimum, label: "min"), Float(1 - size))
        }
        try communicator.freeGroups()
    }

    func testMemoryThatIsNotThereIsNotPromised() throws {
        let room = SharedMemoryRoom(freeByteCount: 64 << 20, totalByteCount: 64 << 20)
        XCTAssertNil(room.shortage(of: 32 << 20))
        XCTAssertEqual(
            room.shortage(of: 60 << 20), "/dev/shm has 64 MB free, sums in shared memory want 60 MB")
        // More than any host has: refused on all ranks, and the job goes on.
        let communicator = try world().duplicate(settings)
        XCTAssertNil(try communicator.allocateShared(count: 1 << 45))
        try communicator.barrier(label: "still whole")
        try communicator.freeGroups()
    }
}
