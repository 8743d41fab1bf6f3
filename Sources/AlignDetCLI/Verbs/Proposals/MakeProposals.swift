internal import ArgumentParser
internal import DetectionData
internal import Foundation
internal import Training

/// `proposals DATASET --out FILE`: the verb without a subcommand.
struct MakeProposals: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "make", abstract: "Find boxes in a data set's images, spread over ranks (the default).",
        discussion: """
            The same bytes for any number of ranks and threads. A run that is stopped or killed leaves FILE.parts behind;
            the same command goes on from there.
            """)

    enum Source: String, ExpressibleByArgument, CaseIterable {
        case selectiveSearch = "selective-search"
        case gt, file, rpn
    }

    @Argument(
        help:
            "A COCO file, a VOC tree, a folder with a folder for each class, or a folder of JPEG and PNG files."
    )
    var dataset: String

    @Option(help: "The images' folder, for a COCO file.")
    var images: String?

    @Option(help: "Of a VOC tree, a list of ImageSets/Main such as trainval; default all images.")
    var split: String?

    @Option(help: "The proposal file to write.")
    var out: String

    @Option(
        help: """
            selective-search; gt, the data set's own boxes; file, the boxes of another file (--from); rpn, the first stage \
            of a detector (--from).
            """)
    var source: Source = .selectiveSearch

    @Option(help: "A COCO file or a results file for --source file, a checkpoint for --source rpn.")
    var from: String?

    @Option(help: "How selective search goes: fast, quality or soco.")
    var mode: ProposalMode = .fast

    @OptionGroup var filter: FilterArguments

    @Option(help: "Search at most at this short side, in pixels; full size without it.")
    var shortSide: Int?

    @Option(help: "Seed of the ranking.")
    var seed: UInt64 = 0

    func validate() throws {
        if let shortSide, shortSide < 16 { throw ValidationError("--short-side takes a number from 16 on") }
        if shortSide != nil, source != .selectiveSearch {
            throw ValidationError("--short-side goes with --source selective-search")
        }
        if from == nil, source == .file || source == .rpn {
            throw ValidationError("--source \(source.rawValue) takes its boxes --from a file")
        }
        if from != nil, source == .gt || source == .selectiveSearch {
            throw ValidationError("--from goes with --source file and --source rpn")
        }
    }

    func run() throws {
        try Job.run { job in
            let threadCount = Placement.threadCount(job.communicator.topology)
            let list = try ImageList.open(dataset, imageFolder: images, split: split)
            let records = try list.records(
                orientation: .apply, threadCount: threadCount, communicator: job.communicator)
            let settings = ProposalRun.Settings(
                filters: try filter.steps(default: defaultFilter, deferral: defaultDeferral),
                shortSide: shortSide,
                threadCount: threadCount,
                orientation: .apply)
            let run = ProposalRun(
                try boxes(list, records), settings, communicator: job.communicator, log: job.log)
            switch try run.write(records, folder: list.folder, to: out) {
            case .written: return 0
            case .stopped: return ExitStatus.stopped
            }
        }
    }

    /// What the source's authors filter by; boxes that somebody drew or detected stay as they are.
    private var defaultFilter: String {
        switch (source, mode) {
        case (.selectiveSearch, .soco): "ratio3size0308post"
        case (.selectiveSearch, _): "ratio3size0008"
        case (.gt, _), (.file, _), (.rpn, _): "none"
        }
    }

    /// Boxes of several groupings repeat one another. Measured on the 66 photographs of a COCO sample, recall of the first
    /// 1000 boxes at an IoU of 0.5 and 0.7: 0.57 and 0.40 in plain order, 0.60 and 0.42 with 0.9, 0.62 and 0.43 with 0.8.
    private var defaultDeferral: Double {
        source == .selectiveSearch && mode != .soco ? 0.8 : 1
    }

    private func boxes(
        _ list: ImageList, _ records: [COCOAnnotations.ImageRecord]
    ) throws -> ProposalSource {
        switch source {
        case .selectiveSearch: return .search(mode, seed: seed)
        case .gt:
            let boxes: [Int: [Box]]
            switch list.layout {
            case .coco: boxes = try KnownBoxes.ofAnnotations(dataset)
            case .voc: boxes = try KnownBoxes.ofVOC(dataset, split: split, for: records)
            case .imageNet, .folder:
                throw UsageError(
                    description:
                        "\(dataset) is a \(list.layout.rawValue): --source gt takes a COCO file or a "
                        + "VOC tree")
            }
            return .known(boxes: boxes, name: "gt of \(dataset)")
        case .file:
            let path = from ?? ""
            return .known(boxes: try KnownBoxes.read(path, for: records), name: "file \(path)")
        case .rpn:
            let path = from ?? ""
            return .network(try ProposalNetwork.load(checkpoint: path, builtInRoot: BuiltIn.root), name: path)
        }
    }
}

extension ProposalMode: ExpressibleByArgument {}
