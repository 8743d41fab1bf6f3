extension MPICommunicator {
    /// Bytes of a bucket of gradients, about.
    private static let trialByteCount = 4 << 20
    private static let trialCount = 5
    /// How much faster the library has to be, as on a misconfigured network. Less may be noise, and a run that goes on
    /// after an interruption must choose as it did before to get the same bits.
    private static let margin = 2.0

    /// Lets the library sum where a trial at start shows it to be clearly faster than the layout's choice.
    ///
    /// Not where ranks take turns on cores: such times say nothing.
    func settleOnFaster() throws(CollectiveError) {
        guard topology.size > 1, algorithm != .mpi else { return }
        var mayTry: Int64 = topology.localSize <= topology.nodeProcessorCount ? 1 : 0
        mayTry = try reduced(mayTry, .minimum, label: "trial")
        guard mayTry == 1 else { return }
        let own = try trial(algorithm)
        let library = try trial(.mpi)
        func milliseconds(_ seconds: Double) -> String { "\((seconds * 1e5).rounded() / 100) ms" }
        if library * Self.margin < own {
            adopt(
                .mpi,
                "mpi: \(milliseconds(library)) for 4 MB, against \(milliseconds(own)) of \(reductionDescription)"
            )
        } else {
            adopt(
                algorithm,
                "\(reductionDescription) (\(milliseconds(own)) for 4 MB, the library's own \(milliseconds(library)))"
            )
        }
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
