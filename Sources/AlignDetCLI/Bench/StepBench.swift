internal import ArgumentParser
internal import Collectives
internal import Tensors
internal import Training

/// Whole training steps of a recipe, built as a run builds them.
struct StepBench: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "step", abstract: "Training steps of a recipe on synthetic images.",
        discussion: """
            `phases` splits the median step: forward is neck and head, loss everything between them and backward.
            `packs_per_step` counts weights brought into oneDNN's layout, `reorders` those of them a step could do
            without; `primitive_misses` counts convolutions built after the warm-up. Under mpirun every rank computes
            --batch images and gradients are summed as in a run. On rank 0: `ranks_apart_s` is the wait for the slowest
            rank's backward, `comm_exposed_s` what sums took after it, `comm_under_way_s` from the first sum's start to the
            last one's end, `comm_alone_s` the same sums with nothing else to do; comm_hidden_share is 1 - exposed / alone.
            """)

    @OptionGroup var what: StepArguments
    @OptionGroup var arguments: BenchArguments

    @OptionGroup var sums: AllReduceArguments

    func run() throws {
        let config = try what.recipe()
        try Job.run(sums.settings) { job in
            arguments.setThreads()
            try measure(config, job)
            return 0
        }
    }

    private func measure(_ config: RunConfig, _ job: Job) throws {
        let training = try SyntheticTraining(
            config, size: what.size, count: what.batch, communicator: job.communicator)
        var reports: [StepReport] = []
        var before = Counters()
        let measurement = try Measurement.of(
            iterations: arguments.iters,
            prepare: {
                // Ranks begin together, so that making images is not taken for waiting.
                let views = training.microBatch()
                try job.communicator.barrier(label: "step")
                return views
            },
            willBegin: {
                reports = []
                before = Counters()
            },
            body: { views in
                WeightPacks.beginSpan()
                reports.append(try training.run(views))
            })
        let alone = try (job.communicator as? MPICommunicator).map {
            try CommunicationCost.secondsAlone($0, byteCount: training.gradientByteCount)
        }
        guard job.isFirst else { return }
        var line = BenchLine(case: what.name("step"))
        line.add(measurement)
        line.add("images_per_s", Double(what.batch * job.communicator.topology.size) / measurement.median)
        line.add("phases", Self.phases(reports))
        if let alone {
            line.add(CommunicationCost(reports: reports, aloneSeconds: alone), of: job.communicator)
        }
        let after = Counters()
        line.add("packs_per_step", Double(after.packs - before.packs) / Double(arguments.iters))
        line.add("reorders", after.avoidablePacks - before.avoidablePacks)
        line.add("primitive_misses", after.misses - before.misses)
        line.add("threads", ThreadBudget.count)
        line.addPeakMemory()
        line.finish()
    }

    private struct Counters {
        let packs = WeightPacks.packCount
        let avoidablePacks = WeightPacks.avoidablePackCount
        let misses = KernelCounters.primitiveMissCount
    }

    /// Median seconds of each phase; there is no waiting for data that lies ready.
    private static func phases(_ reports: [StepReport]) -> [(name: String, value: Double)] {
        let names = reports.first?.phases.map(\.name) ?? []
        return [("data", 0)]
            + names.map { name in
                let seconds = reports.map { $0.phases.first { $0.name == name }?.seconds ?? 0 }
                return (name, Measurement.median(seconds))
            }
    }
}
