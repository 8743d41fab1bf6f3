import COCOEvaluation
import DetectionData
import Foundation
import TestSupport
import Testing

/// The reference's figures, as `Golden/coco_eval/make_coco_eval.py` wrote them.
struct ExpectedFigures: Decodable {
    struct Category: Decodable { let id: Int, ap: Double?, ap50: Double?, ap75: Double? }
    struct Case: Decodable {
        let stats: [Double], text: String, perCategory: [Category]
        let recallSum: Double, precisionSum: Double, scoreSum: Double
    }
    struct Subset: Decodable { let images: [Int], categories: [Int] }
    let cases: [String: Case], iouThresholds: [Double], recallPoints: [Double], subset: Subset

    static func read() throws -> ExpectedFigures {
        try JSONDecoder().decode(ExpectedFigures.self, from: Golden.data("coco_eval/expected.json"))
    }
}

/// One of the committed pairs of ground truth and results.
struct EvaluationCase {
    let groundTruth: COCOAnnotations
    let results: COCOResults

    init(_ name: String) throws {
        groundTruth = try COCOAnnotations.read(path: Golden.url("coco_eval/\(name)_gt.json").path)
        results = try COCOResults.read(path: Golden.url("coco_eval/\(name)_dt.json").path)
    }

    /// The same annotations with other ids.
    func renumbered(from first: Int) -> COCOAnnotations {
        COCOAnnotations(
            images: groundTruth.images, categories: groundTruth.categories,
            annotations: groundTruth.annotations.enumerated().map { i, a in
                .init(
                    id: first + i, imageID: a.imageID, categoryID: a.categoryID, bbox: a.bbox, area: a.area,
                    isCrowd: a.isCrowd, ignore: a.ignore)
            })
    }
}

/// Every figure the reference's double, and the printed rows the same bytes.
func expectEqual(
    _ summary: EvaluationSummary, _ expected: ExpectedFigures.Case,
    sourceLocation: SourceLocation = #_sourceLocation
) {
    #expect(summary.metrics.count == 12, sourceLocation: sourceLocation)
    for (metric, stat) in zip(summary.metrics, expected.stats) {
        #expect(
            metric.value == stat, "\(metric.name): \(metric.value), \(stat)",
            sourceLocation: sourceLocation)
    }
    #expect(summary.text + "\n" == expected.text, sourceLocation: sourceLocation)
    if !summary.perCategory.isEmpty {
        #expect(
            summary.perCategory.map(\.id) == expected.perCategory.map(\.id), sourceLocation: sourceLocation)
    }
    for (ours, theirs) in zip(summary.perCategory, expected.perCategory) {
        for (a, b) in [(ours.ap, theirs.ap), (ours.ap50, theirs.ap50), (ours.ap75, theirs.ap75)] {
            #expect(a == b, "category \(ours.id)", sourceLocation: sourceLocation)
        }
    }
    // Sums of all points of all curves, hundreds to thousands: they hold the curves, relative tolerance.
    for (values, sum) in [
        (summary.curves.recall, expected.recallSum), (summary.curves.precision, expected.precisionSum),
        (summary.curves.scores, expected.scoreSum),
    ] {
        #expect(abs(values.reduce(0, +) - sum) <= 1e-11 * abs(sum), sourceLocation: sourceLocation)
    }
}
