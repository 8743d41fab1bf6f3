internal import ArgumentParser
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
        let training = try SyntheticTraining(config, size: what.size, count: what.batch)

        var reports: [StepReport] = []
        var before = Counters()
        let measurement = try Measurement.of(
            iterations: arguments.iters, prepare: { training.microBatch() },
            willBegin: {
                reports = []
                before = Counters()
            },
            body: { views in
                WeightPacks.beginSpan()
                reports.append(try training.run(views))
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
