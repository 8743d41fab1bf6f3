internal import ArgumentParser
internal import Training

struct ClusterProposals: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "cluster",
        abstract: "Give proposals the clusters of their features as categories, for DETR.",
        discussion: """
            Crops go through a recipe's backbone, their features are reduced to principal components, and k-means puts them
            into clusters: the categories of the file written. The same file for any number of ranks.

            EXAMPLE
              mpirun -np 16 aligndet-mpi proposals cluster proposals.json --images train2017 \\
                --config configs/pretrain/aligndet_detr_r50_50e_coco.yaml --out proposals_clusters.json
            """)

    @Argument(help: "A proposal file.")
    var file: String

    @Option(help: "The images' folder.")
    var images: String

    @Option(help: "The file to write.")
    var out: String

    @Option(help: "A recipe, for its backbone with weights and its normalisation of pixels.")
    var config: String = BuiltIn.quickPretraining

    @Option(parsing: .upToNextOption, help: ArgumentHelp("Override keys of the recipe.", valueName: "k=v"))
    var cfgOptions: [String] = []

    @Option(help: "How many clusters.")
    var clusters = 256

    @Option(help: "How many principal components.")
    var components = 256

    @Option(help: "Side of the squares that crops are resized to, a multiple of 32.")
    var crop = 128

    @Option(help: "The first boxes of each image that are kept.")
    var topK = 50

    @Option(help: "How many crops, about, the components are fitted to.")
    var sample = 65536

    @Option(help: "At most this many iterations of k-means.")
    var iterations = 50

    @Option(help: "Seed of the sample and of the first centres.")
    var seed: UInt64 = 0

    func validate() throws {
        for (name, value) in [
            ("--clusters", clusters), ("--components", components), ("--top-k", topK), ("--sample", sample),
            ("--iterations", iterations),
        ] where value < 1 {
            throw ValidationError("\(name) takes a number from 1 on")
        }
        if crop < 32 || !crop.isMultiple(of: 32) { throw ValidationError("--crop takes a multiple of 32") }
    }

    func run() throws {
        try Job.run { job in
            let recipe = try RunConfig.load(path: config, overrides: cfgOptions, builtInRoot: BuiltIn.root)
            let stages = recipe.model.backbone.name.stageCount
            let frozen = try RunConfig.load(
                path: config,
                overrides: cfgOptions + [
                    "model.backbone.frozen_stages=\(stages)", "model.backbone.norm=frozen",
                ],
                builtInRoot: BuiltIn.root)
            let settings = ClusterRun.Settings(
                clusterCount: clusters, dimension: components, cropSide: crop, boxesPerImage: topK,
                sampleSize: sample, iterationLimit: iterations, seed: seed,
                threadCount: Placement.threadCount(job.communicator.topology))
            try ClusterRun(frozen, settings, communicator: job.communicator, log: job.log)
                .write(file, imageFolder: images, to: out)
            return 0
        }
    }
}
