internal import ArgumentParser
internal import Collectives
internal import Foundation
internal import Tensors
internal import Training

/// What training together costs ranks, beside each of them alone on the same core.
struct ScalingBench: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "scaling",
        abstract: "Training steps of all ranks together, beside each rank's alone in the same run.",
        discussion: """
            In every turn each rank in its turn takes a step alone while the others sleep; then all take one at once, each
            for itself; then all take one together and sum their gradients: --batch images a rank each time. `weak_scaling`
            is the speed of all together by the sum of their speeds alone, 1 where nothing is lost. `at_once` is the same
            of steps at once: what cores cost each other however little ranks talk. `at_once_slowest` counts each of those
            as long as its slowest rank's: what a step that waits for all can reach on cores whose speeds differ from
            moment to moment, were sums free. All are medians over turns; `alone_s` and `at_once_s` list every rank's. The
            other numbers are those of bench step.

            EXAMPLE
              mpirun -np 2 aligndet-mpi bench scaling configs/pretrain/aligndet_retinanet_r18_1x_coco.yaml \\
                --size 320x320 --batch 4 --threads 1
            """)

    /// Ranks that wait sleep for this part of a step alone: past its end they would be late for the next.
    private static let sleepShare = 0.9

    @OptionGroup var what: StepArguments
    @OptionGroup var arguments: BenchArguments
    @OptionGroup var sums: AllReduceArguments

    func run() throws {
        let config = try what.recipe()
        try Job.run(sums.settings) { job in
            guard let communicator = job.communicator as? MPICommunicator, communicator.topology.size > 1 else {
                throw UsageError(
                    description: "bench scaling compares ranks: mpirun -np 2 aligndet-mpi bench scaling RECIPE")
            }
            if let threads = arguments.threads { ThreadBudget.count = threads }
            try measure(
                alone: SyntheticTraining(config, size: what.size, count: what.batch),
                together: SyntheticTraining(
                    config, size: what.size, count: what.batch, communicator: communicator),
                over: communicator)
            return 0
        }
    }

    private func measure(
        alone: SyntheticTraining, together: SyntheticTraining, over communicator: MPICommunicator
    ) throws {
        let topology = communicator.topology
        var turns: [Turn] = []
        var cost = CommunicationCost()
        var expected = 0.0
        // One turn more, to warm up.
        for number in 0...arguments.iters {
            var aloneSeconds = [Double](repeating: 0, count: topology.size)
            for rank in 0..<topology.size {
                aloneSeconds[rank] = try stepAlone(alone, of: rank, expected: expected, over: communicator) ?? 0
            }
            aloneSeconds = try communicator.reduced(aloneSeconds, .sum, label: "steps alone")
            expected = aloneSeconds.min() ?? 0
            var atOnceSeconds = [Double](repeating: 0, count: topology.size)
            (atOnceSeconds[topology.rank], _) = try step(alone, over: communicator)
            atOnceSeconds = try communicator.reduced(atOnceSeconds, .sum, label: "steps at once")
            let (seconds, report) = try step(together, over: communicator)
            guard number > 0 else { continue }
            turns.append(Turn(together: seconds, atOnce: atOnceSeconds, alone: aloneSeconds))
            cost.reports.append(report)
        }
        cost.aloneSeconds = try CommunicationCost.secondsAlone(
            communicator, byteCount: together.gradientByteCount)
        if topology.rank == 0 { write(turns, cost, communicator) }
    }

    /// A step of every rank, all from the same moment on.
    private func step(
        _ training: SyntheticTraining, over communicator: MPICommunicator
    ) throws -> (seconds: Double, report: StepReport) {
        let views = training.microBatch()
        try communicator.barrier(label: "step")
        let start = ContinuousClock.now
        let report = try training.run(views)
        return ((ContinuousClock.now - start) / .seconds(1), report)
    }

    /// One rank's step while the others sleep.
    /// - expected: seconds that it takes; 0 where nobody knows yet.
    /// - Returns: this rank's seconds, nil where it slept.
    private func stepAlone(
        _ training: SyntheticTraining, of rank: Int, expected: Double, over communicator: MPICommunicator
    ) throws -> Double? {
        if communicator.topology.rank == rank { return try step(training, over: communicator).seconds }
        try communicator.barrier(label: "step")
        Thread.sleep(forTimeInterval: expected * Self.sleepShare)
        return nil
    }

    private func write(_ turns: [Turn], _ cost: CommunicationCost, _ communicator: MPICommunicator) {
        var line = BenchLine(case: what.name("scaling"))
        line.add(times: turns.map(\.together))
        let rankCount = communicator.topology.size
        line.add(
            "images_per_s",
            Double(what.batch * rankCount) / Measurement.median(turns.map(\.together)))
        func add(_ key: StaticString, medians seconds: KeyPath<Turn, [Double]>) {
            line.add(
                key,
                (0..<rankCount).map { rank in
                    ("\(rank)", Measurement.median(turns.map { $0[keyPath: seconds][rank] }))
                })
        }
        add("alone_s", medians: \.alone)
        add("at_once_s", medians: \.atOnce)
        line.add("at_once", Measurement.median(turns.map(\.shareAtOnce)))
        line.add("at_once_slowest", Measurement.median(turns.map(\.shareOfSlowestAtOnce)))
        let shares = turns.map(\.share)
        line.add("weak_scaling", Measurement.median(shares))
        line.add("weak_scaling_min", shares.min() ?? 0)
        line.add("weak_scaling_max", shares.max() ?? 0)
        line.add(cost, of: communicator)
        line.add("threads", ThreadBudget.count)
        line.addPeakMemory()
        line.finish()
    }

    /// Seconds of one turn: of the step together, and of every rank's at once with the others' and alone.
    private struct Turn {
        let together: Double
        let atOnce: [Double]
        let alone: [Double]

        /// Speeds by the sum of the ranks' speeds alone.
        var share: Double { share(ofStep: together) }
        var shareAtOnce: Double { Self.speed(atOnce) / Self.speed(alone) }
        var shareOfSlowestAtOnce: Double { share(ofStep: atOnce.max() ?? .infinity) }

        private func share(ofStep seconds: Double) -> Double { Double(alone.count) / seconds / Self.speed(alone) }

        /// Steps a second of all, each for itself.
        private static func speed(_ seconds: [Double]) -> Double { seconds.reduce(0) { $0 + 1 / $1 } }
    }
}
