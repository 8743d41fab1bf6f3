package import COCOEvaluation
package import Collectives
package import Detection
package import DetectionData
internal import Foundation
package import Logging
internal import Tensors

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

    /// What a detector found, and how good that is.
    package struct Outcome {
        package let results: COCOResults
        package let summary: EvaluationSummary
        /// Of the masks, where the detector finds some and the ground truth has them.
        package let maskSummary: EvaluationSummary?
    }

    /// Detections in all images and their score, on rank 0; nil elsewhere.
    package func run(_ detector: any Detector) throws -> Outcome? {
        let scorers = try scorers()
        let topology = communicator.topology
        let share = DistributedSampler.range(of: dataset.count, rank: topology.rank, worldSize: topology.size)
        var found: [UInt8] = []
        let start = ContinuousClock.now
        var lastReport = start
        for index in share {
            for object in try detector.detect(dataset.sample(at: index), pipeline: pipeline, collate: collate)
            {
                found += DetectionRecord.encode(
                    object, imageID: dataset.imageID(at: index),
                    categoryID: dataset.categoryIDs[Int(object.label)])
            }
            let now = ContinuousClock.now
            if (now - lastReport) / .seconds(1) > 5 {
                lastReport = now
                let done = index - share.lowerBound + 1
                let left = (now - start) / .seconds(1) / Double(done) * Double(share.count - done)
                log.info(
                    "evaluating: image \(done)/\(share.count) of this rank, ETA \(ProgressLine.duration(left))"
                )
            }
        }
        guard let parts = try communicator.gather(found, label: "detections") else { return nil }
        var results = COCOResults(source: "detections")
        for part in parts { try DetectionRecord.decode(part, into: &results) }
        guard let scorers else { return nil }
        return Outcome(
            results: results, summary: try scorers.boxes.evaluate(results: results),
            maskSummary: results.masks.isEmpty ? nil : try scorers.masks?.evaluate(results: results))
    }

    /// Made before anything is detected, as ground truth may be refused; on rank 0 alone.
    private func scorers() throws -> (boxes: COCOEvaluator, masks: COCOEvaluator?)? {
        guard communicator.topology.rank == 0 else { return nil }
        let boxes = try COCOEvaluator(groundTruth: annotations, threadCount: ThreadBudget.count)
        guard annotations.annotations.contains(where: { $0.segmentation != nil }) else { return (boxes, nil) }
        var parameters = EvaluationParameters.coco
        parameters.kind = .segm
        let masks = try COCOEvaluator(
            groundTruth: annotations, parameters: parameters, threadCount: ThreadBudget.count)
        return (boxes, masks)
    }
}
