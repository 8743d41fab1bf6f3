internal import ArgumentParser
internal import Training

/// A recipe's network on synthetic images of one size.
struct StepArguments: ParsableArguments {
    @Argument(help: "A recipe (YAML). Its photographs and weight files are not read.")
    var config: String

    @Option(help: ArgumentHelp("Height and width of the images, multiples of 32.", valueName: "HxW"))
    var size = PixelSize(height: 480, width: 640)

    @Option(help: "Images of the one micro-batch.")
    var batch = 2

    @Option(help: "Shorthand for --cfg-options run.amp=...: off, bf16, or auto to decide by the CPU.")
    var amp: MixedPrecision?

    @Option(parsing: .upToNextOption, help: ArgumentHelp("Override keys of the recipe.", valueName: "k=v"))
    var cfgOptions: [String] = []

    func validate() throws {
        guard batch >= 1 else { throw ValidationError("--batch takes a number from 1 on") }
        guard size.height.isMultiple(of: 32), size.width.isMultiple(of: 32) else {
            throw ValidationError("--size takes multiples of 32, as padded batches have")
        }
    }

    func recipe(_ more: [String] = []) throws -> RunConfig {
        try RunConfig.load(
            path: config, overrides: cfgOptions + (amp.map { ["run.amp=\($0.rawValue)"] } ?? []) + more,
            builtInRoot: BuiltIn.root)
    }

    /// How lines name the case.
    func name(_ layer: String) -> String { "\(layer) \(config) \(size.height)x\(size.width) batch \(batch)" }
}
