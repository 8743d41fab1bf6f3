internal import ArgumentParser
internal import DetectionData
internal import Foundation
internal import Training

struct BrowseData: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "browse",
        abstract: "Draw what a recipe's training sees: images after augmentation, both views side by side.",
        discussion: """
            Where there are two views, a proposal has the same number and colour in both. --soco draws SoCo's views of the
            same images instead: the whole and a cut with the boxes they share, then the whole and a small cut with theirs.
            """)

    @Argument(help: "A recipe (YAML) whose photographs are there.")
    var config: String

    @Option(help: "Folder for the pictures.")
    var out: String

    @Option(help: "How many images.")
    var count = 8

    @Option(help: "Of which epoch.")
    var epoch = 0

    @Flag(help: "SoCo's three views of a recipe with proposals.")
    var soco = false

    @Option(parsing: .upToNextOption, help: ArgumentHelp("Override keys of the recipe.", valueName: "k=v"))
    var cfgOptions: [String] = []

    func validate() throws {
        guard count >= 1 else { throw ValidationError("--count takes a number from 1 on") }
        guard (0..<1 << 24).contains(epoch) else { throw ValidationError("--epoch takes a number from 0 on") }
    }

    func run() throws {
        try Job.run { job in
            let recipe = try RunConfig.load(path: config, overrides: cfgOptions, builtInRoot: BuiltIn.root)
            guard !soco || recipe.task == .pretrain else {
                throw UsageError(description: "\(config) has no proposals, which --soco draws")
            }
            if job.isFirst { try OutputFolder.make(out) }
            let data = try DataAssembly(recipe, communicator: job.communicator, log: job.log)
                .training(workFolder: out)
            guard job.isFirst else { return 0 }
            for (number, item) in turns(data.plan).enumerated() {
                let stem = URL(fileURLWithPath: data.dataset.path(at: item.index))
                    .deletingPathExtension().lastPathComponent
                let path = "\(out)/\(number)_\(stem).jpg"
                let looks = try soco ? socoLooks(item, data) : looks(item, data)
                try ImageWriter.write(Image.row(looks.map(\.image)), to: path)
                let boxes = looks.map { "\($0.boxCount)" }.joined(separator: " and ")
                print("\(path): image \(data.dataset.imageID(at: item.index)), \(boxes) boxes")
            }
            return 0
        }
    }

    private func looks(
        _ item: BatchPlan.Item, _ data: DataAssembly.TrainingData
    ) throws -> [(image: Image, boxCount: Int)] {
        let views = try data.views(item)
        return views.map { view in
            let drawn =
                views.count > 1
                ? Self.drawn(view.image, view.boxes, pairs: view.boxIDs)
                : Self.drawn(view.image, view.boxes, view.labels, names: data.dataset.classNames)
            return (drawn, view.boxes.count)
        }
    }

    private func socoLooks(
        _ item: BatchPlan.Item, _ data: DataAssembly.TrainingData
    ) throws -> [(image: Image, boxCount: Int)] {
        var random = item.random(seed: data.plan.seed, purpose: .augmentation)
        let views = SoCoViews().views(of: try data.dataset.wholeSample(at: item.index), random: &random)
        return views.pairs.enumerated().flatMap { number, pair in
            [(views.images[0], pair.first), (views.images[number + 1], pair.other)].map { image, boxes in
                let (width, height) = (Float(image.width), Float(image.height))
                let drawn = Self.drawn(
                    image, boxes.map { $0.box.scaled(x: width, y: height) }, pairs: boxes.map(\.id))
                return (drawn, boxes.count)
            }
        }
    }

    /// The first of the epoch, in training's order.
    private func turns(_ plan: BatchPlan) -> [BatchPlan.Item] {
        var items: [BatchPlan.Item] = []
        let steps = epoch * plan.stepsPerEpoch..<(epoch + 1) * plan.stepsPerEpoch
        for step in steps where items.count < count { items += plan.globalBatch(ofStep: step) }
        return Array(items.prefix(count))
    }

    /// - pairs: a box's number, the same in the other view.
    private static func drawn(_ image: Image, _ boxes: [Box], pairs: [Int32]) -> Image {
        drawn(image, boxes, pairs, names: (0...Int(pairs.max() ?? 0)).map { "\($0)" })
    }

    private static func drawn(
        _ image: Image, _ boxes: [Box], _ labels: [Int32], names: [String]
    ) -> Image {
        var image = image
        Drawing.draw(boxes: boxes, labels: labels, names: names, on: &image)
        return image
    }
}
