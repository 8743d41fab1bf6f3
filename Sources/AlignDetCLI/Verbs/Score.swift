internal import ArgumentParser
internal import COCOEvaluation
internal import DetectionData
internal import Foundation

extension EvaluationParameters.Kind: ExpressibleByArgument {}
extension EvaluationParameters.Style: ExpressibleByArgument {}

struct Score: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Score a results file against ground truth, with pycocotools' numbers, or LVIS's or VOC's.",
        discussion: """
            Under mpirun every rank scores its share of the images; the numbers are the same for any number of ranks and
            threads. Ground truth for VOC is a COCO file too (`data convert` makes one) with `ignore` or `difficult`.

            EXAMPLES
              aligndet-mpi score --gt instances_val2017.json --dt results.json --json scores.json --curves curves.svg
              aligndet-mpi score --gt lvis_v1_val.json --dt masks.json --style lvis --type segm
            """)

    @Option(help: "Ground truth, a COCO instances file.")
    var gt: String

    @Option(help: "Detections, a COCO results file.")
    var dt: String

    @Option(help: "What is compared: boxes or masks.")
    var type: EvaluationParameters.Kind = .bbox

    @Option(help: "Whose rules; voc07 reads precision at 11 recalls, voc12 takes the area under the curve.")
    var style: EvaluationParameters.Style = .coco

    @Option(help: "Write every number at full precision here.")
    var json: String?

    @Option(help: "Draw precision against recall here (.svg), or write the curves' numbers (.json).")
    var curves: [String] = []

    @Option(
        parsing: .upToNextOption,
        help: ArgumentHelp(
            "Most detections of an image and category: three for COCO, default 1 10 100.", valueName: "n"))
    var maxDets: [Int] = []

    @Flag(help: "VOC: round boxes to tenths and scores to thousandths first, as Detectron2 does.")
    var detectron2Rounding = false

    @Flag(help: "Count and drop what is wrong with the detections instead of refusing it.")
    var lenient = false

    func validate() throws {
        guard !detectron2Rounding || style.isVOC else {
            throw ValidationError("--detectron2-rounding is for --style voc07 or voc12")
        }
        for path in curves where !path.hasSuffix(".svg") && !path.hasSuffix(".json") {
            throw ValidationError("--curves \(path): takes a name that ends in .svg or .json")
        }
    }

    func run() throws {
        try Job.run { job in
            let topology = job.communicator.topology
            let evaluator = try evaluator(threadCount: Placement.threadCount(topology))
            let results = try COCOResults.read(
                path: dt, acceptsNonFinite: lenient, withMasks: type == .segm,
                threadCount: Placement.threadCount(topology))
            let records = try evaluator.records(
                results: results, rank: topology.rank, worldSize: topology.size)
            var parts = [records]
            if topology.size > 1 {
                guard let gathered = try job.communicator.gather(records.bytes, label: "records") else {
                    return 0
                }
                parts = [records] + (try gathered.dropFirst().map { try EvaluationRecords(bytes: $0) })
            }
            try report(try evaluator.summarize(parts))
            return 0
        }
    }

    private func evaluator(threadCount: Int) throws -> COCOEvaluator {
        var parameters = EvaluationParameters.of(style)
        parameters.kind = type
        parameters.roundsAsDetectron2 = detectron2Rounding
        if !maxDets.isEmpty { parameters.maxDetections = maxDets }
        return try COCOEvaluator(
            groundTruth: try COCOAnnotations.read(path: gt, for: .scoring, withMasks: type == .segm),
            parameters: parameters, strictness: lenient ? .lenient : .strict, threadCount: threadCount)
    }

    private func report(_ summary: EvaluationSummary) throws {
        if let json { try AtomicFile.write(summary.json(), path: json) }
        for path in curves {
            let bytes =
                path.hasSuffix(".svg")
                ? [UInt8](PrecisionRecallChart(summary).svg.utf8) : summary.curvesJSON()
            try AtomicFile.write(bytes, path: path)
        }
        print(summary.text)
        print(summary.categoryText)
    }
}
