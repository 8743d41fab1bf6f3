internal import ArgumentParser
internal import Collectives

/// Sums over the ranks of this job beside the MPI library's own.
struct AllReduceBench: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "allreduce",
        abstract: "Sums over ranks, beside MPI_Allreduce and a plain copy in the same run.",
        discussion: """
            A line for each size. `median_s`, `min_s` and `max_s` are of the algorithm named in the line, `mpi_s` of
            MPI_Allreduce, `memcpy_s` of one copy of as many bytes on all ranks at once: each the slowest rank's time.
            The three take turns. Every sum is checked once.

            EXAMPLES
              mpirun -np 2 aligndet-mpi bench allreduce --bytes 4096,16777216,138412032
              mpirun -np 4 --hostfile hosts.txt aligndet-mpi bench allreduce --allreduce ring --allreduce-dtype bf16
            """)

    @Option(
        help: ArgumentHelp("Sizes, multiples of 4, separated by commas.", valueName: "A,B,..."))
    var bytes = ByteCounts(values: [4, 1024, 16 << 10, 256 << 10, 1 << 20, 8 << 20, 16 << 20, 132 << 20])

    @Option(help: "Timed repetitions, after a warm-up.")
    var iters = 11

    @OptionGroup var how: AllReduceArguments

    func validate() throws {
        guard iters >= 1 else { throw ValidationError("--iters takes a number from 1 on") }
    }

    func run() throws {
        try Job.run(how.settings) { job in
            guard let communicator = job.communicator as? MPICommunicator else {
                throw UsageError(
                    description: "bench allreduce wants a launcher: mpirun -np 2 aligndet-mpi bench allreduce"
                )
            }
            let benchmark = try AllReduceBenchmark(
                communicator, algorithm: how.allreduce == .auto ? nil : communicator.algorithm,
                largestByteCount: bytes.values.max() ?? 0)
            for count in bytes.values {
                let timing = try benchmark.measure(byteCount: count, repetitions: iters)
                if job.isFirst { write(timing, communicator.topology) }
            }
            benchmark.free()
            return 0
        }
    }

    private func write(_ timing: AllReduceTiming, _ topology: Topology) {
        var line = BenchLine(case: "allreduce \(timing.byteCount) bytes")
        line.add("algorithm", timing.algorithm.rawValue)
        line.add("payload", how.allreduceDtype.rawValue)
        line.add("ranks", topology.size)
        line.add("nodes", topology.nodeCount)
        line.add("bytes", timing.byteCount)
        line.add(times: timing.seconds)
        let (own, mpi) = (Measurement.median(timing.seconds), Measurement.median(timing.mpiSeconds))
        line.add("mpi_s", mpi)
        line.add("mpi_min_s", timing.mpiSeconds.min() ?? 0)
        line.add("mpi_max_s", timing.mpiSeconds.max() ?? 0)
        line.add("memcpy_s", Measurement.median(timing.copySeconds))
        line.add("times_as_fast", mpi / own)
        line.finish()
    }
}

/// Sizes of messages, written `4096,1048576`.
struct ByteCounts: ExpressibleByArgument {
    let values: [Int]

    init(values: [Int]) { self.values = values }

    init?(argument: String) {
        let parts = argument.split(separator: ",", omittingEmptySubsequences: false).map { Int($0) }
        guard parts.allSatisfy({ $0.map { (4...(1 << 40)).contains($0) && $0.isMultiple(of: 4) } ?? false })
        else {
            return nil
        }
        values = parts.compactMap { $0 }
    }

    var defaultValueDescription: String { values.map(String.init).joined(separator: ",") }
}
