internal import ArgumentParser
internal import DetectionData
internal import Foundation
internal import Training

struct BrowseData: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "browse",
        abstract: "Draw what a recipe's training sees: images after augmentation, both views side by side.",
        discussion: "Where there are two views, a proposal has the same number and colour in both.")

    @Argument(help: "A recipe (YAML) whose photographs are there.")
    var config: String

    @Option(help: "Folder for the pictures.")
    var out: String

    @Option(help: "How many images.")
    var count = 8

    @Option(help: "Of which epoch.")
    var epoch = 0

    @Option(parsing: .upToNextOption, help: ArgumentHelp("Override keys of the recipe.", valueName: "k=v"))
    var cfgOptions: [String] = []

    func validate() throws {
        guard count >= 1 else { throw ValidationError("--count takes a number from 1 on") }
        guard (0..<1 << 24).contains(epoch) else { throw ValidationError("--epoch takes a number from 0 on") }
    }

    func run() throws {
        try Job.run { job in
            let recipe = try RunConfig.load(path: config, overrides: cfgOptions, builtInRoot: BuiltIn.root)
            if job.isFirst { try OutputFolder.make(out) }
            let data = try DataAssembly(recipe, communicator: job.communicator, log: job.log)
                .training(workFolder: out)
            guard job.isFirst else { return 0 }
            for (number, item) in turns(data.plan).enumerated() {
                let views = try data.views(item)
                let stem = URL(fileURLWithPath: data.dataset.path(at: item.index))
                    .deletingPathExtension().lastPathComponent
                let path = "\(out)/\(number)_\(stem).jpg"
                let names = data.dataset.classNames
                try ImageWriter.write(
                    Image.row(views.map { Self.drawn($0, names, pairs: views.count > 1) }), to: path)
                let boxes = views.map { "\($0.boxes.count)" }.joined(separator: " and ")
                print("\(path): image \(views[0].imageID), \(boxes) boxes")
            }
            return 0
        }
    }

    /// The first of the epoch, in training's order.
    private func turns(_ plan: BatchPlan) -> [BatchPlan.Item] {
        var items: [BatchPlan.Item] = []
        let steps = epoch * plan.stepsPerEpoch..<(epoch + 1) * plan.stepsPerEpoch
        for step in steps where items.count < count { items += plan.globalBatch(ofStep: step) }
        return Array(items.prefix(count))
    }

    private static func drawn(_ sample: Sample, _ names: [String], pairs: Bool) -> Image {
        var image = sample.image
        let most = Int(sample.boxIDs.max() ?? 0)
        Drawing.draw(
            boxes: sample.boxes, labels: pairs ? sample.boxIDs : sample.labels,
            names: pairs ? (0...most).map { "\($0)" } : names, on: &image)
        return image
    }
}
