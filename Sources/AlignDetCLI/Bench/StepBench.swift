internal import ArgumentParser
internal import Collectives
internal import DetectionData
internal import NN
internal import Pretraining
internal import Tensors
internal import Training

/// Whole training steps of a recipe, built as a run builds them.
struct StepBench: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "step", abstract: "Training steps of a recipe on synthetic images.",
        discussion: """
            `phases` splits the median step: forward is neck and head, loss everything between them and backward.
            `packs_per_step` counts weights brought into oneDNN's layout, `reorders` those of them a step could do
            without; `primitive_misses` counts convolutions built after the warm-up.
            """)

    @OptionGroup var what: StepArguments
    @OptionGroup var arguments: BenchArguments

    func run() throws {
        arguments.apply()
        let config = try what.recipe()
        let communicator = LocalCommunicator()
        let statistics = RankStatistics(communicator)
        let objective = try ObjectiveAssembly(config, reducer: statistics).make { _ in }
        // At rate 0 the sweeps cost the same, and networks of random weights stay what they are.
        let step = TrainStep(
            objective, optimizer: config.optimizer.make(objective.arena),
            clipping: GradientClipping(maximumNorm: config.optimizer.clipNorm.map { Float($0) }),
            schedule: config.schedule.rates(base: 0, stepsPerEpoch: 1), communicator: communicator,
            statistics: statistics)
        let batches = SyntheticBatches(config, size: what.size, count: what.batch)

        var number = 0
        var reports: [StepReport] = []
        var before = Counters()
        let measurement = try Measurement.of(
            iterations: arguments.iters, prepare: { [batches.views(step: number)] },
            willBegin: {
                reports = []
                before = Counters()
            },
            body: { microBatches in
                WeightPacks.beginSpan()
                let moment = StepMoment(seed: config.run.seed, step: number, stepCount: 1000)
                reports.append(
                    try step.run(microBatches, microBatchCount: 1, at: moment, stopRequested: false))
                number += 1
            })
        var line = BenchLine(case: what.name("step"))
        line.add(measurement)
        line.add("images_per_s", Double(what.batch) / measurement.median)
        line.add("phases", Self.phases(reports))
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
