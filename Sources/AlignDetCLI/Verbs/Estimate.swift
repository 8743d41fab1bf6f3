internal import ArgumentParser
internal import Collectives
internal import DetectionData
internal import Foundation
internal import Tensors
internal import Training

struct Estimate: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Say how long a recipe takes, and what memory, before it is submitted.",
        discussion: """
            Times a few micro-batches of the recipe on synthetic images with this process's threads and reckons from them:
            ranks share the micro-batches of a step; sums inside a host cost what copying costs here; between hosts
            gradients go round a ring, hidden behind backward but for the last bucket. Under mpirun all ranks time at
            once, so that the memory they share shows. Weight files and photographs are not read, the annotations only to
            count images.

            EXAMPLES
              OMP_NUM_THREADS=8 aligndet-mpi estimate configs/pretrain/aligndet_retinanet_r50_1x_coco.yaml --ranks 64 --hosts 8
              aligndet-mpi estimate builtin:quick/pretrain.yaml --ranks 16 --table
            """)

    @Argument(help: "A recipe (YAML).")
    var config: String = BuiltIn.quickPretraining

    @Option(help: "Ranks of the run, each with as many threads as this process.")
    var ranks = 1

    @Option(
        help:
            "Hosts the ranks are spread over; default as many as they need if all have as many cores as this one."
    )
    var hosts: Int?

    @Option(help: "Cores of each host; default this one's.")
    var cores: Int?

    @Option(help: "Training images; without it the annotations are read to count them.")
    var images: Int?

    @Option(
        help: ArgumentHelp(
            "What a host sends to the next, gigabytes a second: 1.25 is 10 Gbit/s.", valueName: "GB/s"))
    var bandwidth = 1.25

    @Option(
        help: ArgumentHelp(
            "A short message between hosts, microseconds; `doctor` measures both.", valueName: "us"))
    var latency = 30.0

    @Option(help: "How gradients travel between hosts.")
    var allreduceDtype: PayloadType = .f32

    @Flag(help: "Also a table for 1 rank, 2, 4 and so on up to 1024.")
    var table = false

    @Option(parsing: .upToNextOption, help: ArgumentHelp("Override keys of the recipe.", valueName: "k=v"))
    var cfgOptions: [String] = []

    func validate() throws {
        guard ranks >= 1 else { throw ValidationError("--ranks takes a number from 1 on") }
        guard images ?? 1 >= 1 else { throw ValidationError("--images takes a number from 1 on") }
        guard cores ?? 1 >= 1 else { throw ValidationError("--cores takes a number from 1 on") }
        guard (1...ranks).contains(hosts ?? 1) else {
            throw ValidationError("--hosts takes a number from 1 to --ranks")
        }
        guard bandwidth > 0, bandwidth.isFinite else {
            throw ValidationError("--bandwidth takes a number above 0")
        }
        guard latency >= 0, latency.isFinite else {
            throw ValidationError("--latency takes a number from 0 on")
        }
    }

    func run() throws {
        let recipe = try RunConfig.load(path: config, overrides: cfgOptions, builtInRoot: BuiltIn.root)
        let stepsPerEpoch = try stepsPerEpoch(recipe)
        try Job.run { job in
            let size = Self.typicalSize(recipe)
            if job.isFirst {
                FileHandle.standardError.write(
                    Data(
                        "timing micro-batches of \(recipe.batch.micro) images of \(size.height)x\(size.width) ...\n"
                            .utf8))
            }
            let training = try SyntheticTraining(recipe, size: size, count: recipe.batch.micro)
            let own = try StepCost(training, threadCount: ThreadBudget.count, repetitions: Self.repetitions)
            let cost = try StepCost(own, slowestOf: job.communicator)
            if job.isFirst { write(recipe, cost, copyRate: CopyRate.measure(), stepsPerEpoch: stepsPerEpoch) }
            return 0
        }
    }

    private static let repetitions = 3

    private func write(_ recipe: RunConfig, _ cost: StepCost, copyRate: Double, stepsPerEpoch: Int?) {
        let hosts = hosts ?? hostCount(cost, ranks)
        let step = estimate(recipe, cost, copyRate, ranks: ranks, hosts: hosts)
        let stepCount = recipe.schedule.stepCount(stepsPerEpoch: stepsPerEpoch ?? 0)
        print("micro-batch   \(Self.seconds(cost.microBatchSeconds)) on \(cost.threadCount) threads")
        print(
            "step          \(Self.seconds(step.seconds)): \(step.microBatchCount) of \(recipe.batch.microBatchCount) "
                + "micro-batches on a rank; of it \(Self.seconds(step.exposedSeconds)) "
                + "(\(Self.percent(step.exposedShare))) communication that is not hidden")
        print("ranks         \(ranks) on \(hosts) host\(hosts == 1 ? "" : "s")")
        if let stepsPerEpoch { print("epoch         \(stepsPerEpoch) steps") }
        print("run           \(stepCount) steps: \(Self.duration(Double(stepCount) * step.seconds))")
        print(
            "memory        \(Self.gigabytes(ProcessMemory.peakByteCount)) a rank, and up to 1.0 GB of decoded photographs"
        )
        guard table else { return }
        print("\nranks  hosts  micro-batches   step s  communication        run")
        for power in 0...10 {
            let ranks = 1 << power
            let hosts = hostCount(cost, ranks)
            let step = estimate(recipe, cost, copyRate, ranks: ranks, hosts: hosts)
            print(
                Self.padded(ranks, 5), Self.padded(hosts, 6), Self.padded(step.microBatchCount, 14),
                String(format: "%9.3f", step.seconds),
                Self.padded(String(format: "%.1f %%", 100 * step.exposedShare), 14),
                Self.padded(Self.duration(Double(stepCount) * step.seconds), 12))
        }
    }

    private func estimate(
        _ recipe: RunConfig, _ cost: StepCost, _ copyRate: Double, ranks: Int, hosts: Int
    ) -> StepEstimate {
        let model = CommunicationModel(
            hostCount: hosts, ranksPerHost: (ranks + hosts - 1) / hosts, latencySeconds: latency / 1e6,
            bytesPerSecond: bandwidth * 1e9, copyBytesPerSecond: copyRate, payload: allreduceDtype)
        return StepEstimate(
            cost, model, ranks: ranks, microBatchCount: recipe.batch.microBatchCount,
            coresPerHost: coresPerHost)
    }

    private var coresPerHost: Int { cores ?? Placement.machineCoreCount }

    /// Hosts that give every thread of the ranks a core.
    private func hostCount(_ cost: StepCost, _ ranks: Int) -> Int {
        let ranksPerHost = max(1, coresPerHost / cost.threadCount)
        return (ranks + ranksPerHost - 1) / ranksPerHost
    }

    private static func padded(_ value: Any, _ width: Int) -> String {
        let text = "\(value)"
        return String(repeating: " ", count: max(0, width - text.count)) + text
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
