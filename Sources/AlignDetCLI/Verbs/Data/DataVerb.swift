internal import ArgumentParser
internal import DetectionData
internal import Foundation

struct DataVerb: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "data", abstract: "Look at a data set, divide it, convert it.",
        discussion: """
            A data set is a COCO or LVIS file, a proposal file, a PASCAL VOC tree, a folder of images, or a folder of such
            folders, one for each class.

            EXAMPLES
              aligndet-mpi data check instances_train.json --images train
              aligndet-mpi data split instances_train2017.json --percent 10 --seed 1 --out semi_supervised
              aligndet-mpi data convert VOCdevkit/VOC2007 --split trainval --out voc07_trainval.json
              aligndet-mpi data browse builtin:quick/pretrain.yaml --out looks
            """,
        subcommands: [CheckData.self, DataStatistics.self, SplitData.self, ConvertData.self, BrowseData.self])
}

/// Which data set.
struct DatasetArguments: ParsableArguments {
    @Argument(help: "A COCO, LVIS or proposal file, a VOC tree, or a folder of images.")
    var dataset: String

    @Option(help: "The images' folder, for a file.")
    var images: String?

    @Option(help: "Of a VOC tree, a list in ImageSets/Main, as trainval; all annotated images without it.")
    var split: String?

    func read(acceptsNonFinite: Bool = false, withMasks: Bool = false) throws -> AnnotatedSource {
        try AnnotatedSource.read(
            dataset, imageFolder: images, split: split, acceptsNonFinite: acceptsNonFinite,
            withMasks: withMasks)
    }
}

struct CheckData: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check",
        abstract:
            "Say what is wrong with a data set: missing files, ids twice, empty boxes, boxes outside ...")

    enum Policy: String, ExpressibleByArgument, CaseIterable {
        case refuse
        case report
    }

    @OptionGroup var source: DatasetArguments

    @Option(
        help:
            "What defects lead to: exit code 65 (66 if files are missing and nothing else), or the table alone."
    )
    var policy: Policy = .refuse

    @Flag(help: "Compare each image file's own size with the declared one.")
    var headers = false

    @Flag(help: "Every object needs a usable outline.")
    var masks = false

    @Flag(help: "An image without boxes is a defect, as in proposal files.")
    var proposals = false

    func run() throws {
        let data = try source.read(acceptsNonFinite: true, withMasks: masks)
        let check = try DatasetCheck(
            data.annotations, imageFolder: data.imageFolder, readsHeaders: headers, needsMasks: masks,
            isProposals: proposals)
        print(check.report.table)
        if policy == .refuse, check.report.defectCount > 0 { throw check.report.refusal }
    }
}

struct DataStatistics: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "stats", abstract: "Images and their sizes, objects by class and by size.")

    @OptionGroup var source: DatasetArguments

    func run() throws { print(DatasetStatistics(try source.read().annotations).table) }
}

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

struct ConvertData: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "convert", abstract: "Write a VOC tree or a folder of images as a COCO file.")

    @OptionGroup var source: DatasetArguments

    @Option(help: "The COCO file to write.")
    var out: String

    func run() throws {
        let data = try source.read(withMasks: true)
        try data.annotations.write(path: out)
        let counts = data.annotations
        print(
            "\(out): \(counts.images.count) images, \(counts.annotations.count) objects, \(counts.categories.count) classes; "
                + "images in \(data.imageFolder ?? "the folder of before")")
    }
}
