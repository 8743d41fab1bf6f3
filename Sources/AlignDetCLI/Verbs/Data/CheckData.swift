internal import ArgumentParser
internal import DetectionData

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
