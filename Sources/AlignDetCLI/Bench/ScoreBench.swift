internal import ArgumentParser
internal import COCOEvaluation
internal import DetectionData
internal import Foundation
internal import Tensors

/// Scoring of made-up detections, reading the files included.
struct ScoreBench: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "score",
        abstract: "Seconds to score a results file of COCO's size, reading included.",
        discussion: """
            Makes ground truth, boxes and masks as files; `median_s` is from the files' names to the numbers, of which
            `read_s` goes to reading. launch/peer_score.py times others on the same files, kept with --keep, and compares
            their numbers.
            """)

    @OptionGroup var arguments: BenchArguments

    @Option(help: "Images; 5000 have 424,000 detections.")
    var images = 5000

    @Option(
        help: "Keep the files gt.json, bbox.json and segm.json in this folder, or use those that are there.")
    var keep: String?

    func validate() throws {
        guard (1...1_000_000).contains(images) else {
            throw ValidationError("--images takes a number from 1 on")
        }
    }

    func run() throws {
        arguments.apply()
        let folder = keep ?? NSTemporaryDirectory() + "aligndet-bench-\(getpid())"
        try OutputFolder.make(folder)
        defer { if keep == nil { try? FileManager.default.removeItem(atPath: folder) } }
        if !FileManager.default.fileExists(atPath: "\(folder)/segm.json") {
            try SyntheticDetections(imageCount: images).write(folder: folder)
        }
        for kind in EvaluationParameters.Kind.allCases { try measure(kind, folder) }
    }

    private func measure(_ kind: EvaluationParameters.Kind, _ folder: String) throws {
        var parameters = EvaluationParameters.coco
        parameters.kind = kind
        let threadCount = ThreadBudget.count
        var (whole, reading): ([Double], [Double]) = ([], [])
        var count = 0
        for _ in 0..<arguments.iters {
            let start = ContinuousClock.now
            let truth = try COCOAnnotations.read(
                path: "\(folder)/gt.json", for: .scoring, withMasks: kind == .segm)
            let results = try COCOResults.read(
                path: "\(folder)/\(kind.rawValue).json", withMasks: kind == .segm, threadCount: threadCount)
            reading.append((ContinuousClock.now - start) / .seconds(1))
            let evaluator = try COCOEvaluator(
                groundTruth: truth, parameters: parameters, threadCount: threadCount)
            let summary = try evaluator.evaluate(results: results)
            whole.append((ContinuousClock.now - start) / .seconds(1))
            count = summary.counts.detections
        }
        var line = BenchLine(case: "score \(kind.rawValue)")
        line.add(times: whole)
        line.add("read_s", Measurement.median(reading))
        line.add("detections", count)
        line.addPeakMemory()
        line.finish()
    }
}
