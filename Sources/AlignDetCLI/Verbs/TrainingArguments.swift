internal import ArgumentParser
internal import Collectives
internal import Foundation
internal import Training

/// What `pretrain` and `finetune` share; names follow MMDetection where it has one.
struct TrainingArguments: ParsableArguments {
    @Option(help: "Folder for checkpoints, metrics and the merged configuration; default work_dirs/NAME.")
    var workDir: String?

    @Option(
        help: ArgumentHelp(
            "Go on from a checkpoint: 'auto' for the newest valid one of the work folder, or a path.",
            valueName: "auto|PATH"))
    var resume: String?

    @Option(help: "Start from the weights of this file (a checkpoint or a .safetensors).")
    var loadFrom: String?

    @Flag(help: "With --load-from: take last layers of equal shape too.")
    var keepHeads = false

    @Option(
        parsing: .upToNextOption,
        help: ArgumentHelp(
            "Override keys of the recipe, e.g. optimizer.lr=0.03 batch.micro=2.", valueName: "k=v"))
    var cfgOptions: [String] = []

    @Option(help: "Shorthand for --cfg-options run.seed=N.")
    var seed: Int?

    @Option(help: "Shorthand for --cfg-options run.amp=...: off, bf16, or auto to decide by the ranks' CPUs.")
    var amp: MixedPrecision?

    @Flag(help: "Shorthand for --cfg-options run.deterministic=true.")
    var deterministic = false

    @Option(help: "Stop after N updates in all, however long the schedule is.")
    var maxSteps: Int?

    @OptionGroup var sums: AllReduceArguments

    @Option(
        help: ArgumentHelp(
            "Least seconds a rank may stay silent before the job ends with 76; 20 median steps where that is more.",
            valueName: "seconds"))
    var deadline = 120.0

    @Option(
        help: "Fine-tuning: checkpoints kept for the highest AP, besides the newest; 1 unless said otherwise."
    )
    var keepBest: Int?

    func validate() throws {
        if let maxSteps, maxSteps < 1 { throw ValidationError("--max-steps takes a number from 1 on") }
        if resume != nil, loadFrom != nil {
            throw ValidationError("--resume goes on with a run, --load-from starts one: give one of them")
        }
        if let keepBest, keepBest < 0 { throw ValidationError("--keep-best takes a number from 0 on") }
        guard deadline > 0, deadline.isFinite else {
            throw ValidationError("--deadline takes a number above 0")
        }
        if keepHeads, loadFrom == nil { throw ValidationError("--keep-heads goes with --load-from") }
    }

    /// Runs a recipe as one rank of the job.
    func run(recipe: String, task: RunConfig.Task) throws {
        try Job.run(sums.settings) { job in
            var overrides = cfgOptions
            if let seed { overrides.append("run.seed=\(seed)") }
            if let amp { overrides.append("run.amp=\(amp.rawValue)") }
            if deterministic { overrides.append("run.deterministic=true") }
            let config = try RunConfig.load(path: recipe, overrides: overrides, builtInRoot: BuiltIn.root)
            guard config.task == task else {
                throw UsageError(
                    description: "\(recipe) is a recipe for \(config.task.rawValue), not \(task.rawValue)")
            }
            if keepBest != nil, task == .pretrain {
                throw UsageError(description: "--keep-best goes by scores, and pre-training has none")
            }
            let start: TrainingRun.Start =
                switch resume {
                case nil: .fresh
                case "auto": .newest
                case .some(let path): .checkpoint(path: path)
                }
            let options = TrainingRun.Options(
                workFolder: workDir ?? Self.defaultWorkFolder(recipe), start: start, weights: loadFrom,
                keepsLastLayers: keepHeads, maximumSteps: maxSteps,
                silenceSeconds: deadline, keepBest: keepBest ?? 1)
            let run = TrainingRun(config, options: options, communicator: job.communicator, log: job.log)
            switch try run.run() {
            case .finished: return 0
            case .stopped(let step):
                job.log.info("stopped on request after \(step) updates; go on with --resume auto")
                return ExitStatus.stopped
            }
        }
    }

    /// work_dirs/ and the recipe's name; the built-in recipes get `quick_` in front.
    private static func defaultWorkFolder(_ recipe: String) -> String {
        let name = URL(fileURLWithPath: recipe).deletingPathExtension().lastPathComponent
        return "work_dirs/" + (recipe.hasPrefix("builtin:quick/") ? "quick_" : "") + name
    }
}

extension MixedPrecision: ExpressibleByArgument {}
