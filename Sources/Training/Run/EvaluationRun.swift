package import COCOEvaluation
package import Collectives
package import Detection
package import DetectionData
internal import Foundation
package import Logging

/// Runs a detector over a data set, spread over ranks, and scores what it found.
///
/// Each image is a batch of its own: its detections then depend on nothing but the image, whatever the number of ranks.
package struct EvaluationRun {
    private let dataset: COCODataset
    private let annotations: COCOAnnotations
    private let pipeline: Pipeline
    private let collate: Collate
    private let communicator: any Communicator
    private let log: Logger

    package init(
        _ dataset: COCODataset, _ annotations: COCOAnnotations, pipeline: Pipeline, collate: Collate,
        communicator: any Communicator, log: Logger
    ) {
        self.dataset = dataset
        self.annotations = annotations
        self.pipeline = pipeline
        self.collate = collate
        self.communicator = communicator
        self.log = log
    }

    /// Detections in all images and their score, on rank 0; nil elsewhere.
    package func run(_ detector: any Detector) throws -> (results: COCOResults, summary: EvaluationSummary)? {
        let topology = communicator.topology
        let share = DistributedSampler.range(of: dataset.count, rank: topology.rank, worldSize: topology.size)
        var found: [Double] = []
        let start = ContinuousClock.now
        var lastReport = start
        for index in share {
            for object in try detector.detect(dataset.sample(at: index), pipeline: pipeline, collate: collate) {
                found += [
                    Double(dataset.imageID(at: index)), Double(dataset.categoryIDs[Int(object.label)]),
                    Double(object.box.x1), Double(object.box.y1), Double(object.box.width), Double(object.box.height),
                    Double(object.score),
                ]
            }
            let now = ContinuousClock.now
            if (now - lastReport) / .seconds(1) > 5 {
                lastReport = now
                let done = index - share.lowerBound + 1
                let left = (now - start) / .seconds(1) / Double(done) * Double(share.count - done)
                log.info("evaluating: image \(done)/\(share.count) of this rank, ETA \(ProgressLine.duration(left))")
            }
        }
        let bytes = found.withUnsafeBytes { [UInt8]($0) }
        guard let parts = try communicator.gather(bytes, label: "detections") else { return nil }
        let results = COCOResults(detections: parts.flatMap(Self.decode), source: "detections")
        let evaluator = try COCOEvaluator(groundTruth: annotations)
        return (results, try evaluator.evaluate(results: results))
    }

    /// Seven numbers per detection.
    private static func decode(_ bytes: [UInt8]) -> [COCOResults.Detection] {
        bytes.withUnsafeBytes { raw in
            stride(from: 0, to: raw.count, by: 56).map { position in
                func number(_ i: Int) -> Double { raw.loadUnaligned(fromByteOffset: position + 8 * i, as: Double.self) }
                return COCOResults.Detection(
                    imageID: Int(number(0)), categoryID: Int(number(1)),
                    bbox: (number(2), number(3), number(4), number(5)), score: number(6))
            }
        }
    }
}
