internal import ArgumentParser
internal import Foundation
internal import Training

struct Evaluate: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "eval",
        abstract: "Run a detector over a recipe's validation set and print the COCO table.",
        discussion: """
            EXAMPLE
              mpirun -np 2 aligndet-mpi eval builtin:quick/finetune.yaml work_dirs/quick_finetune/step_200.safetensors.zst --out results.json
            """)

    @Argument(help: "A fine-tuning recipe (YAML).")
    var config: String

    @Argument(help: "A checkpoint or a .safetensors file of the recipe's model.")
    var checkpoint: String

    @Option(help: "Write the detections here, in COCO's results format.")
    var out: String?

    @Option(parsing: .upToNextOption, help: ArgumentHelp("Override keys of the recipe.", valueName: "k=v"))
    var cfgOptions: [String] = []

    func run() throws {
        try Job.run { job in
            let config = try RunConfig.load(path: config, overrides: cfgOptions, builtInRoot: BuiltIn.root)
            let assembly = DataAssembly(config, communicator: job.communicator, log: job.log)
            guard let evaluation = try assembly.evaluation() else {
                throw UsageError(
                    description:
                        "\(self.config) is a recipe for \(config.task.rawValue): it has no validation set")
            }
            let detector = try TrainedDetector.load(config: config, weights: checkpoint)
            guard let outcome = try evaluation.run(detector) else { return 0 }
            if let out { try outcome.results.write(path: out) }
            print(outcome.summary.text)
            print(outcome.summary.categoryText)
            if let masks = outcome.maskSummary {
                print("masks")
                print(masks.text)
                print(masks.categoryText)
            }
            return 0
        }
    }
}
