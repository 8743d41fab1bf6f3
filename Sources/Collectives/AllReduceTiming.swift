internal import CMPI

/// The duration of one kind of all-reduce of one size, as all ranks saw it.
package struct AllReduceTiming: Sendable {
    /// What was timed: an algorithm's name, or `MPI_Allreduce`, the library's blocking call.
    package let name: String
    package let byteCount: Int
    /// Median over repetitions of the slowest rank's time.
    package let medianSeconds: Double
    /// The fastest and slowest repetition.
    package let spreadSeconds: ClosedRange<Double>

    /// Times the algorithms and the library's own blocking call in turn, so that all see the same machine.
    /// - algorithms: `auto` is resolved; `shared` is left out where the layout has no window.
    /// - Returns: one entry per algorithm and one for `MPI_Allreduce`, the same on all ranks.
    package static func measure(
        _ communicator: MPICommunicator, byteCount: Int, algorithms: [AllReduceAlgorithm], repetitions: Int
    ) throws(CollectiveError) -> [AllReduceTiming] {
        let count = byteCount / MemoryLayout<Float>.stride
        let buffer = UnsafeMutableBufferPointer<Float>.allocate(capacity: count)
        buffer.initialize(repeating: 0)
        let chosen = algorithms.map { $0 == .auto ? communicator.algorithm : $0 }
            .filter { $0 != .shared || communicator.window != nil }
        var seconds = [[Double]](repeating: [], count: chosen.count + 1)
        // The first round warms caches, connections and registrations, and is not counted.
        for round in 0...repetitions {
            for (index, algorithm) in chosen.enumerated() {
                let time = try timed(communicator) { () throws(CollectiveError) in
                    try communicator.startAllReduceSum(buffer, by: algorithm, label: "measurement").wait()
                }
                if round > 0 { seconds[index].append(time) }
            }
            let time = try timed(communicator) { () throws(CollectiveError) in
                try MPIGroup.check(
                    cmpi_allreduce(
                        communicator.world.handle, buffer.baseAddress, Int64(count), CMPI_FLOAT, CMPI_SUM),
                    rank: communicator.topology.rank)
            }
            if round > 0 { seconds[chosen.count].append(time) }
        }
        buffer.deallocate()
        var timings: [AllReduceTiming] = []
        for (name, own) in zip(chosen.map(\.rawValue) + ["MPI_Allreduce"], seconds) {
            let times = try communicator.reduced(own, .maximum, label: "durations").sorted()
            timings.append(
                AllReduceTiming(
                    name: name, byteCount: byteCount, medianSeconds: times[times.count / 2],
                    spreadSeconds: times[0]...times[times.count - 1]))
        }
        return timings
    }

    private static func timed(
        _ communicator: MPICommunicator, _ body: () throws(CollectiveError) -> Void
    ) throws(CollectiveError) -> Double {
        try communicator.barrier(label: "measurement", deadlineSeconds: nil)
        let start = ContinuousClock.now
        try body()
        return (ContinuousClock.now - start) / .seconds(1)
    }
}
