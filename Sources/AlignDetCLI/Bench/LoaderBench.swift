internal import ArgumentParser
internal import Collectives
internal import Foundation
internal import Training

/// Micro-batches of a recipe from its real photographs, on one thread.
struct LoaderBench: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "loader",
        abstract: "Images a second that one loader thread makes ready, read and from memory.",
        discussion: """
            The first line times steps whose photographs are decoded, the second the same steps from the cache of
            decoded images. A repetition is one global batch. With --epochs, a last line has the resident memory after
            each epoch. launch/peer_loader.py times Pillow and torchvision.
            """)

    @Argument(help: "A recipe (YAML) whose photographs are there.")
    var config: String

    @Option(help: "Folder where proposals are kept if they have to be made; default a temporary one.")
    var workDir: String?

    @Option(parsing: .upToNextOption, help: ArgumentHelp("Override keys of the recipe.", valueName: "k=v"))
    var cfgOptions: [String] = []

    @Option(help: "Timed repetitions.")
    var iters = 5

    @Option(help: "Epochs to run through afterwards, for the memory after each.")
    var epochs = 0

    func validate() throws {
        guard epochs >= 0 else { throw ValidationError("--epochs takes a number from 0 on") }
        guard iters >= 1 else { throw ValidationError("--iters takes a number from 1 on") }
    }

    func run() throws {
        Placement.applyAlone()
        let recipe = try RunConfig.load(path: config, overrides: cfgOptions, builtInRoot: BuiltIn.root)
        let folder = workDir ?? NSTemporaryDirectory() + "aligndet-bench-\(getpid())"
        try OutputFolder.make(folder)
        defer { if workDir == nil { try? FileManager.default.removeItem(atPath: folder) } }
        let data = try DataAssembly(
            recipe, communicator: LocalCommunicator(), log: ConsoleLog.logger(rank: 0)
        )
        .training(workFolder: folder)
        // Each photograph comes once an epoch: within the first one nothing is in memory yet.
        let count = min(iters, data.plan.stepsPerEpoch)
        for source in ["decoded", "cached"] {
            let seconds = try (0..<count).map { step in
                let start = ContinuousClock.now
                _ = try data.microBatches(step)
                return (ContinuousClock.now - start) / .seconds(1)
            }
            var line = BenchLine(case: "loader \(config) \(source)")
            line.add(times: seconds)
            line.add("images_per_s", Double(recipe.batch.global) / Measurement.median(seconds))
            line.addPeakMemory()
            line.finish()
        }
        try watchMemory(data)
    }

    private func watchMemory(_ data: DataAssembly.TrainingData) throws {
        guard epochs > 0 else { return }
        var sizes: [(name: String, value: Double)] = []
        for epoch in 0..<epochs {
            for step in 0..<data.plan.stepsPerEpoch {
                _ = try data.microBatches(epoch * data.plan.stepsPerEpoch + step)
            }
            sizes.append(("\(epoch)", Double(ProcessMemory.currentByteCount ?? 0)))
        }
        var line = BenchLine(case: "loader \(config) memory")
        line.add("resident_bytes", sizes)
        line.finish()
    }
}
