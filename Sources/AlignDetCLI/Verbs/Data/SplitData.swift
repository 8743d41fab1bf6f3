internal import ArgumentParser
internal import DetectionData
internal import Foundation

struct SplitData: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "split",
        abstract:
            "Draw the labelled part of the semi-supervised folds, the published images in the published order.",
        discussion:
            "Writes NAME.SEED@PERCENT.json and NAME.SEED@PERCENT-unlabeled.json; entries are copied as they are."
    )

    @Argument(help: "A COCO file.")
    var file: String

    @Option(parsing: .upToNextOption, help: "Percent of the images that stay labelled; several are nested.")
    var percent: [Double] = [10]

    @Option(parsing: .upToNextOption, help: "One for each fold; published folds have 1 to 5.")
    var seed: [UInt32] = [1]

    @Option(help: "Folder for the files.")
    var out: String

    func validate() throws {
        guard percent.allSatisfy({ $0 > 0 && $0 <= 100 }) else {
            throw ValidationError("--percent takes numbers above 0, to 100")
        }
    }

    func run() throws {
        let split = try COCOSplit(path: file)
        try OutputFolder.make(out)
        let stem = URL(fileURLWithPath: file).deletingPathExtension().lastPathComponent
        for seed in seed {
            for percent in percent {
                let share = percent == percent.rounded() ? "\(Int(percent))" : "\(percent)"
                let name = "\(out)/\(stem).\(seed)@\(share)"
                try split.write(
                    percent: percent, seed: seed, labelled: "\(name).json",
                    unlabelled: "\(name)-unlabeled.json")
                print(
                    "\(name).json: \(LabelFold.count(of: split.imageCount, percent: percent)) of \(split.imageCount) images"
                )
            }
        }
    }
}
