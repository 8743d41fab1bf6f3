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
            for itself, and all take one together and sum their gradients: --batch images a rank each time.
            `weak_scaling` is the speed of all together by the sum of their speeds alone, 1 where nothing is lost;
            `weak_scaling_quiet` the same of each one's fastest step, what cores give when nobody else uses them. What it
            is made of, by that sum: `at_once` the speeds of steps at once, what cores cost each other however little
            ranks talk; `computing` those of steps together without the wait for the slowest rank, sums included;
            `at_once_slowest` steps at once, each as long as its slowest rank's, what a step that waits for all can reach
            on cores whose speeds differ from moment to moment. All but the quiet one are medians over turns; `alone_s`
            and `at_once_s` list every rank's. The other numbers are those of bench step.

            EXAMPLES
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
            arguments.setThreads()
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
            var own = 0.0
            for rank in 0..<topology.size {
                own = try stepAlone(alone, of: rank, expected: expected, over: communicator) ?? own
            }
            let aloneSeconds = try gathered(own, over: communicator)
            expected = aloneSeconds.min() ?? 0
            // Which of the two comes first changes from turn to turn: some machines pay cores back for idling.
            let early = number.isMultiple(of: 2) ? nil : try step(together, over: communicator)
            let atOnce = try step(alone, over: communicator)
            let joint = try early ?? step(together, over: communicator)
            guard number > 0 else { continue }
            // A step lasts until the slowest rank's end, which is not always the one that the sums waited for.
            let togetherSeconds = try gathered(joint.seconds, over: communicator)
            turns.append(
                Turn(
                    together: togetherSeconds.max() ?? joint.seconds, alone: aloneSeconds,
                    atOnce: try gathered(atOnce.seconds, over: communicator),
                    computing: try gathered(
                        joint.seconds - joint.report.communication.apartSeconds, over: communicator)))
            cost.reports.append(joint.report)
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

    /// Every rank's number, on all ranks.
    private func gathered(_ seconds: Double, over communicator: MPICommunicator) throws -> [Double] {
        var all = [Double](repeating: 0, count: communicator.topology.size)
        all[communicator.topology.rank] = seconds
        return try communicator.reduced(all, .sum, label: "seconds of steps")
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
        line.add("at_once", Measurement.median(turns.map { $0.share(ofEach: $0.atOnce) }))
        line.add("at_once_slowest", Measurement.median(turns.map { $0.share(ofStep: $0.atOnce.max() ?? .infinity) }))
        line.add("computing", Measurement.median(turns.map { $0.share(ofEach: $0.computing) }))
        line.add("weak_scaling", Measurement.median(turns.map { $0.share(ofStep: $0.together) }))
        // What others do on the machine only ever adds.
        let quiet = Turn(
            together: turns.map(\.together).min() ?? .infinity,
            alone: (0..<rankCount).map { rank in turns.map { $0.alone[rank] }.min() ?? .infinity },
            atOnce: [], computing: [])
        line.add("weak_scaling_quiet", quiet.share(ofStep: quiet.together))
        line.add(cost, of: communicator)
        line.add("threads", ThreadBudget.count)
        line.addPeakMemory()
        line.finish()
    }

    /// Seconds of one turn: of the step together, then every rank's.
    private struct Turn {
        let together: Double
        let alone: [Double]
        let atOnce: [Double]
        /// Of the step together, up to the end of the rank's own backward and from the slowest rank's on.
        let computing: [Double]

        /// Speeds by the sum of the ranks' speeds alone: of a step of all, and of each rank for itself.
        func share(ofStep seconds: Double) -> Double { Double(alone.count) / seconds / Self.speed(alone) }
        func share(ofEach seconds: [Double]) -> Double { Self.speed(seconds) / Self.speed(alone) }

        /// Steps a second.
        private static func speed(_ seconds: [Double]) -> Double { seconds.reduce(0) { $0 + 1 / $1 } }
    }
}
