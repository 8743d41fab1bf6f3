extension MPICommunicator {
    /// Bytes of a bucket of gradients, about.
    private static let trialByteCount = 4 << 20
    private static let trialCount = 5
    /// How much faster the library has to be before anybody is told, as on a misconfigured network. Less may be noise.
    private static let margin = 2.0

    /// Tries the layout's choice and the library's own sum, and says what they took.
    ///
    /// The choice stays: another order of additions means other bits, and two starts of one run must not differ because
    /// a machine was busy. (On loaded cores trials were seen to end both ways.) Not where ranks take turns on cores: such
    /// times say nothing.
    func tryLibrary() throws(CollectiveError) {
        guard topology.size > 1, algorithm != .mpi else { return }
        var mayTry: Int64 = topology.localSize <= topology.nodeProcessorCount ? 1 : 0
        mayTry = try reduced(mayTry, .minimum, label: "trial")
        guard mayTry == 1 else { return }
        let own = try trial(algorithm)
        let library = try trial(.mpi)
        func milliseconds(_ seconds: Double) -> String { "\((seconds * 1e5).rounded() / 100) ms" }
        let advice = library * Self.margin < own ? "; try --allreduce mpi" : ""
        reductionDescription +=
            " (\(milliseconds(own)) for 4 MB, the library's own \(milliseconds(library))\(advice))"
    }

    /// Seconds of the fastest of a few sums, the same number on all ranks.
    private func trial(_ algorithm: AllReduceAlgorithm) throws(CollectiveError) -> Double {
        let buffer = UnsafeMutableBufferPointer<Float>.allocate(
            capacity: Self.trialByteCount / MemoryLayout<Float>.stride)
        buffer.initialize(repeating: 0)
        var best = Double.infinity
        for round in 0...Self.trialCount {
            try barrier(label: "trial")
            let start = ContinuousClock.now
            try sum(buffer, by: algorithm, label: "trial")
            let seconds = (ContinuousClock.now - start) / .seconds(1)
            // The first one warms connections.
            if round > 0 { best = min(best, seconds) }
        }
        // Kept on an error: the library may still write to it.
        buffer.deallocate()
        return try reduced(best, .maximum, label: "trial")
    }
}
