internal import ArgumentParser
internal import Collectives
internal import Detection
internal import NN
internal import Tensors
internal import Training

/// The forward pass of a frozen backbone alone.
struct BackboneBench: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "backbone",
        abstract: "Forward passes of a recipe's backbone, all of it frozen and folded.")

    @OptionGroup var what: StepArguments
    @OptionGroup var arguments: BenchArguments

    func run() throws {
        arguments.apply()
        let name = try what.recipe().model.backbone.name
        let norm = name.isSwin ? "none" : "frozen"
        let config = try what.recipe(
            ["model.backbone.frozen_stages=\(name.stageCount)", "model.backbone.norm=\(norm)"])
        let backbone = ModelAssembly(config.model, reducer: LocalStatistics()).backbone()
        backbone.initialize(seed: config.run.seed)
        let batch = SyntheticBatches(config, size: what.size, count: what.batch).views(step: 0)[0]
        let images = batch.images(try config.run.amp.dtype(on: LocalCommunicator()))
        let measurement = Measurement.of(iterations: arguments.iters, prepare: {}) {
            _ = backbone(images, Tape(recording: false))
        }
        var line = BenchLine(case: what.name("backbone \(config.model.backbone.name.rawValue)"))
        line.add(measurement)
        line.add("images_per_s", Double(what.batch) / measurement.median)
        line.add("threads", ThreadBudget.count)
        line.addPeakMemory()
        line.finish()
    }
}
