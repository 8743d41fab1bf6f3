internal import ArgumentParser
internal import COCOEvaluation
internal import DetectionData
internal import Foundation

struct Score: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Score a results file against ground truth, with pycocotools' numbers.",
        discussion: """
            EXAMPLE
              aligndet-mpi score --gt instances_val2017.json --dt results.json --json scores.json
            """)

    enum Kind: String, ExpressibleByArgument, CaseIterable {
        case bbox
    }

    enum Style: String, ExpressibleByArgument, CaseIterable {
        case coco
    }

    @Option(help: "Ground truth, a COCO instances file.")
    var gt: String

    @Option(help: "Detections, a COCO results file.")
    var dt: String

    @Option(help: "What is compared.")
    var type: Kind = .bbox

    @Option(help: "Whose rules.")
    var style: Style = .coco

    @Option(help: "Write every number at full precision here.")
    var json: String?

    @Flag(help: "Count and drop what is wrong with the detections instead of refusing it.")
    var lenient = false

    func run() throws {
        let truth = try COCOAnnotations.read(path: gt, for: .scoring)
        let evaluator = try COCOEvaluator(
            groundTruth: truth, strictness: lenient ? .lenient : .strict, threadCount: Placement.usableCoreCount)
        let summary = try evaluator.evaluate(results: try COCOResults.read(path: dt, acceptsNonFinite: lenient))
        if let json { try AtomicFile.write(summary.json(), path: json) }
        print(summary.text)
        print(summary.categoryText)
    }
}
