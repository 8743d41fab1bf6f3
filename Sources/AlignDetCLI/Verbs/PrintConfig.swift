internal import ArgumentParser
internal import Training

struct PrintConfig: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "print-config", abstract: "Print a recipe, merged with its bases and overrides.",
        discussion: """
            EXAMPLE
              aligndet-mpi print-config configs/finetune/retinanet_r50_1x_coco.yaml --cfg-options optimizer.lr=0.02
            """)

    @Argument(help: "A recipe (YAML).")
    var config: String = BuiltIn.quickPretraining

    @Option(parsing: .upToNextOption, help: ArgumentHelp("Override keys of the recipe.", valueName: "k=v"))
    var cfgOptions: [String] = []

    func run() throws {
        print(try RunConfig.load(path: config, overrides: cfgOptions, builtInRoot: BuiltIn.root).yaml, terminator: "")
    }
}
