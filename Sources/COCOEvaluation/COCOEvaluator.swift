package import DetectionData

/// Scores detections of boxes as the COCO challenge does, with the reference's numbers.
///
/// One process calls `evaluate`. Ranks call `records` on the images they detected in, and one of them
/// `summarize` on all records; the numbers are the same.
/// - Source: T.-Y. Lin et al., "Microsoft COCO", 2014; arithmetic of pycocotools 2.0. Differs: an
///   annotation with id 0 is an annotation, an empty list of results is one, and data errors are reported.
package struct COCOEvaluator: Sendable {
    let parameters: EvaluationParameters
    let truth: GroundTruthTable
    let strictness: Strictness
    let threadCount: Int

    /// - Throws: `DataError(.badInput)` naming the annotation that a strict evaluation refuses, `.usage`
    ///   for parameters that make no sense or name what the ground truth does not have.
    package init(
        groundTruth: COCOAnnotations, parameters: EvaluationParameters = .coco,
        strictness: Strictness = .strict,
        threadCount: Int = 1
    ) throws(DataError) {
        precondition(threadCount > 0, "\(threadCount) threads")
        self.parameters = try parameters.checked()
        self.strictness = strictness
        self.threadCount = threadCount
        truth = try GroundTruthTable(groundTruth, self.parameters, strictness)
    }

    /// Scores all images at once.
    /// - Throws: `DataError(.badInput)` naming the detection that a strict evaluation refuses.
    package func evaluate(results: COCOResults) throws(DataError) -> EvaluationSummary {
        try summarize([try records(results: results)])
    }

    /// The summary of records that together cover every image; of an image that several cover, the first
    /// counts.
    /// - Throws: `DataError(.badInput)` naming an image that no record covers, as leaving one out would
    ///   raise the score.
    package func summarize(_ records: [EvaluationRecords]) throws(DataError) -> EvaluationSummary {
        let merged = try MergedRecords(records, truth, categoryCount: categoryCount)
        let curves = EvaluationCurves(
            merged, parameters, categoryCount: categoryCount, threadCount: threadCount)
        return EvaluationSummary(curves, parameters, truth, merged.counts)
    }

    /// Categories that are kept apart: all of them, or one for all.
    var categoryCount: Int { parameters.usesCategories ? truth.categories.count : 1 }
}
