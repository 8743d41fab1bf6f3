internal import CMPI

/// Times all-reduces on buffers as training has them: ours lie where the node's ranks reach them, if that is possible.
package final class AllReduceBenchmark {
    /// Bytes handled by one timed repetition at least, so that the shortest sums last longer than a look at the clock.
    private static let repetitionByteCount = 1 << 20
    private static let mostSumsPerRepetition = 500

    private let communicator: MPICommunicator
    private let algorithm: AllReduceAlgorithm
    private let isFree: Bool
    private let own: UnsafeMutableBufferPointer<Float>
    private let ownMemory: UnsafeMutableBufferPointer<Float>?
    private let library: UnsafeMutableBufferPointer<Float>
    private let copied: UnsafeMutableBufferPointer<Float>

    /// - algorithm: nil for the communicator's own.
    /// - largestByteCount: of all sizes that are to be measured.
    package init(
        _ communicator: MPICommunicator, algorithm: AllReduceAlgorithm? = nil, largestByteCount: Int
    ) throws(CollectiveError) {
        self.communicator = communicator
        self.algorithm = algorithm ?? communicator.algorithm
        isFree = algorithm == nil
        let count = max(1, largestByteCount / MemoryLayout<Float>.stride)
        func zeros() -> UnsafeMutableBufferPointer<Float> {
            let buffer = UnsafeMutableBufferPointer<Float>.allocate(capacity: count)
            buffer.initialize(repeating: 0)
            return buffer
        }
        let shared = self.algorithm == .shmRing ? try communicator.allocateShared(count: count) : nil
        own = shared ?? zeros()
        ownMemory = shared == nil ? own : nil
        library = zeros()
        copied = zeros()
    }

    /// To be called on all ranks once nothing is under way.
    package func free() {
        ownMemory?.deallocate()
        library.deallocate()
        copied.deallocate()
    }

    /// - Returns: the same on all ranks.
    /// - Throws: also where a sum is wrong.
    package func measure(byteCount: Int, repetitions: Int) throws(CollectiveError) -> AllReduceTiming {
        let count = byteCount / MemoryLayout<Float>.stride
        let mine = UnsafeMutableBufferPointer(rebasing: own.prefix(count))
        // Small sums go where training sends them.
        let isSmall = isFree && byteCount <= NodeMailbox.capacityByteCount && communicator.mailbox == nil
        let algorithm = isSmall ? .mpi : self.algorithm
        try check(mine, algorithm)
        let sums = min(Self.mostSumsPerRepetition, max(1, Self.repetitionByteCount / max(1, byteCount)))
        var seconds: [[Double]] = [[], [], []]
        // The first round warms caches, connections and registrations, and is not counted.
        for round in 0...repetitions {
            let ours = try timed(sums) { () throws(CollectiveError) in
                try communicator.sum(mine, by: algorithm, label: "measurement")
            }
            let theirs = try timed(sums) { () throws(CollectiveError) in
                try MPIGroup.check(
                    cmpi_allreduce(
                        communicator.world.handle, library.baseAddress, Int64(count), CMPI_FLOAT, CMPI_SUM),
                    rank: communicator.topology.rank)
            }
            let copy = try timed(sums) { () throws(CollectiveError) in
                guard let source = library.baseAddress else { return }
                copied.baseAddress?.update(from: source, count: count)
            }
            guard round > 0 else { continue }
            for (i, time) in [ours, theirs, copy].enumerated() { seconds[i].append(time) }
        }
        var slowest: [[Double]] = []
        for own in seconds { slowest.append(try communicator.reduced(own, .maximum, label: "durations")) }
        return AllReduceTiming(
            byteCount: byteCount, algorithm: algorithm, seconds: slowest[0], mpiSeconds: slowest[1],
            copySeconds: slowest[2])
    }

    private func timed(
        _ count: Int, _ body: () throws(CollectiveError) -> Void
    ) throws(CollectiveError) -> Double {
        try communicator.barrier(label: "measurement", deadlineSeconds: nil)
        let start = ContinuousClock.now
        for _ in 0..<count { try body() }
        return (ContinuousClock.now - start) / .seconds(1) / Double(count)
    }

    /// One sum of small whole numbers, which no rounding changes; leaves zeros.
    private func check(
        _ buffer: UnsafeMutableBufferPointer<Float>, _ algorithm: AllReduceAlgorithm
    ) throws(CollectiveError) {
        let (rank, size) = (communicator.topology.rank, communicator.topology.size)
        for i in buffer.indices { buffer[i] = Float(i % 3 + rank % 2) }
        try communicator.sum(buffer, by: algorithm, label: "check")
        for i in buffer.indices where buffer[i] != Float(i % 3 * size + size / 2) {
            throw CollectiveError(
                .disagreement, rank: rank, call: "all-reduce by \(algorithm.rawValue)",
                text: "element \(i) of \(buffer.count) is \(buffer[i]), not \(i % 3 * size + size / 2)",
                hint: "try another --allreduce, and report this")
        }
        buffer.update(repeating: 0)
    }
}
