internal import ArgumentParser
internal import DetectionData
internal import Training

struct CheckProposals: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check",
        abstract: "Say what is wrong with a proposal file for a data set; exit 65 where anything is.",
        discussion: """
            Boxes are held against a filter where one is named: --filter, its numbers, or both.

            EXAMPLE
              aligndet-mpi proposals check train2017_ratio3size0008@0.5.json instances_train2017.json --images train2017 \\
                --filter ratio3size0008
            """)

    @Argument(help: "The proposal file.")
    var file: String

    @Argument(help: "The data set, as for `proposals`.")
    var dataset: String

    @Option(help: "The images' folder, for a COCO file.")
    var images: String?

    @Option(help: "Of a VOC tree, a list of ImageSets/Main.")
    var split: String?

    @OptionGroup var filter: FilterArguments

    func run() throws {
        let threadCount = Placement.usableCoreCount
        let list = try ImageList.open(dataset, imageFolder: images, split: split)
        let records = try list.records(0..<list.count, orientation: .apply, threadCount: threadCount)
        let report = try ProposalCheck.report(
            of: file, against: records,
            filter: filter.isGiven ? try filter.steps(default: "none").steps[0] : nil)
        print(report.table)
        if report.defectCount > 0 { throw ExitCode(ExitStatus.badInput) }
    }
}
