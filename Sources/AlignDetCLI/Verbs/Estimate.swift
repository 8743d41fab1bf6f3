internal import ArgumentParser
internal import DetectionData
internal import Foundation
internal import Tensors
internal import Training

struct Estimate: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Say how long a recipe takes, and what memory, before it is submitted.",
        discussion: """
            Runs one micro-batch of the recipe on synthetic images with this process's threads, once to warm up and once
            timed, and reckons from it. Weight files and photographs are not read, the annotations only to count images.

            EXAMPLES
              OMP_NUM_THREADS=8 aligndet-mpi estimate configs/pretrain/aligndet_retinanet_r50_1x_coco.yaml --ranks 16
              aligndet-mpi estimate builtin:quick/pretrain.yaml --ranks 2
            """)

    @Argument(help: "A recipe (YAML).")
    var config: String = BuiltIn.quickPretraining

    @Option(help: "Ranks of the run, each with as many threads as this process.")
    var ranks = 1

    @Option(help: "Training images; without it the annotations are read to count them.")
    var images: Int?

    @Option(
        help: ArgumentHelp(
            "What one rank sends to the next, gigabytes a second: 1.25 is 10 Gbit/s.", valueName: "GB/s"))
    var network = 1.25

    @Option(parsing: .upToNextOption, help: ArgumentHelp("Override keys of the recipe.", valueName: "k=v"))
    var cfgOptions: [String] = []

    func validate() throws {
        guard ranks >= 1 else { throw ValidationError("--ranks takes a number from 1 on") }
        guard images ?? 1 >= 1 else { throw ValidationError("--images takes a number from 1 on") }
        guard network > 0, network.isFinite else { throw ValidationError("--network takes a number above 0") }
    }

    func run() throws {
        let recipe = try RunConfig.load(path: config, overrides: cfgOptions, builtInRoot: BuiltIn.root)
        let stepsPerEpoch = try stepsPerEpoch(recipe)
        Placement.applyAlone()
        let size = Self.typicalSize(recipe)
        let training = try SyntheticTraining(recipe, size: size, count: recipe.batch.micro)
        FileHandle.standardError.write(
            Data(
                "timing a micro-batch of \(recipe.batch.micro) images of \(size.height)x\(size.width) ...\n"
                    .utf8))
        _ = try training.run(training.microBatch())
        let views = training.microBatch()
        let start = ContinuousClock.now
        _ = try training.run(views)
        let compute = (ContinuousClock.now - start) / .seconds(1)

        let microBatches = (recipe.batch.global + recipe.batch.micro - 1) / recipe.batch.micro
        let perRank = (microBatches + ranks - 1) / ranks
        let sent = ranks == 1 ? 0 : 2 * Double(training.gradientByteCount) * Double(ranks - 1) / Double(ranks)
        let (work, talk) = (Double(perRank) * compute, sent / (network * 1e9))
        let stepCount = recipe.schedule.stepCount(stepsPerEpoch: stepsPerEpoch ?? 0)
        print("micro-batch   \(Self.seconds(compute)) on \(ThreadBudget.count) threads")
        print(
            "step          \(Self.seconds(work + talk)): \(perRank) of \(microBatches) micro-batches on a rank; "
                + "of it \(Self.seconds(talk)) (\(Self.percent(talk / (work + talk)))) adding up gradients, if none is hidden"
        )
        if let stepsPerEpoch { print("epoch         \(stepsPerEpoch) steps") }
        print("run           \(stepCount) steps: \(Self.duration(Double(stepCount) * (work + talk)))")
        print(
            "memory        \(Self.gigabytes(ProcessMemory.peakByteCount)) a rank, and up to 1.0 GB of decoded photographs"
        )
    }

    /// nil where the schedule counts steps and nobody asked.
    private func stepsPerEpoch(_ recipe: RunConfig) throws -> Int? {
        guard images != nil || recipe.schedule.unit == .epoch else { return nil }
        let count: Int
        if let images {
            count = images
        } else {
            let path = recipe.data.train.annotations.resolved
            guard FileManager.default.isReadableFile(atPath: path) else {
                throw DataError(
                    .missingInput, "\(path): cannot be read to count the images",
                    hint: "--images says how many there are")
            }
            let all = try COCOAnnotations.read(path: path).images.count
            count = min(all, recipe.data.train.firstImages ?? all)
        }
        return (count + recipe.batch.global - 1) / recipe.batch.global
    }

    /// Of a photograph of 3:4 with the recipe's mean short side, padded.
    private static func typicalSize(_ recipe: RunConfig) -> PixelSize {
        let resize = recipe.pipeline.resize
        if let side = recipe.pipeline.crop { return PixelSize(height: side, width: side) }
        guard resize.square == nil else {
            return PixelSize(height: padded(resize.longSide * 3 / 4), width: padded(resize.longSide))
        }
        let short = resize.shortSides.reduce(0, +) / resize.shortSides.count
        func padded(_ side: Int) -> Int { (side + 31) / 32 * 32 }
        return PixelSize(height: padded(short), width: padded(min(resize.longSide, short * 4 / 3)))
    }

    private static func seconds(_ value: Double) -> String { String(format: "%.3g s", value) }
    private static func percent(_ share: Double) -> String { String(format: "%.0f %%", 100 * share) }
    private static func gigabytes(_ count: Int) -> String { String(format: "%.1f GB", Double(count) / 1e9) }

    private static func duration(_ seconds: Double) -> String {
        let hours = seconds / 3600
        if hours < 1 { return String(format: "%.0f minutes", (seconds / 60).rounded(.up)) }
        return hours < 48 ? String(format: "%.1f hours", hours) : String(format: "%.1f days", hours / 24)
    }
}
