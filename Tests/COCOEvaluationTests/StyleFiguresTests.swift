import DetectionData
import Foundation
import TestSupport
import Testing

@testable import COCOEvaluation

/// Masks, LVIS and VOC, held to `Golden/scoring/make_scoring.py`.
@Suite struct StyleFiguresTests {
    private struct Expected: Decodable {
        let stats: [Double], perCategory: [ExpectedFigures.Category]
        let names: [String]?, text: String?, recallSum: Double?, precisionSum: Double?, scoreSum: Double?
    }

    private let expected: [String: Expected]

    init() throws {
        expected = try JSONDecoder().decode(
            [String: Expected].self, from: Golden.data("scoring/expected.json"))
    }

    private func summary(
        _ truth: String, _ found: String, _ parameters: EvaluationParameters, threads: Int = 1
    ) throws -> EvaluationSummary {
        let masks = parameters.kind == .segm
        let annotations = try COCOAnnotations.read(
            path: Golden.url("scoring/\(truth)_gt.json").path, for: .scoring, withMasks: masks)
        let results = try COCOResults.read(
            path: Golden.url("scoring/\(found)_dt.json").path, withMasks: masks, threadCount: threads)
        return try COCOEvaluator(groundTruth: annotations, parameters: parameters, threadCount: threads)
            .evaluate(results: results)
    }

    /// - exactly: whether every digit agrees, else the twelfth.
    private func expectEqual(_ summary: EvaluationSummary, _ name: String, exactly: Bool = true) throws {
        let expected = try #require(expected[name])
        let tolerance = exactly ? 0 : 1e-12
        #expect(summary.metrics.count == expected.stats.count)
        for (metric, stat) in zip(summary.metrics, expected.stats) {
            #expect(abs(metric.value - stat) <= tolerance, "\(name) \(metric.name): \(metric.value), \(stat)")
        }
        if let names = expected.names { #expect(summary.metrics.map(\.name) == names) }
        if let text = expected.text { #expect(summary.text + "\n" == text) }
        #expect(summary.perCategory.map(\.id) == expected.perCategory.map(\.id))
        for (ours, theirs) in zip(summary.perCategory, expected.perCategory) {
            for (a, b) in [(ours.ap, theirs.ap), (ours.ap50, theirs.ap50), (ours.ap75, theirs.ap75)] {
                #expect((a == nil) == (b == nil), "\(name), category \(ours.id)")
                #expect(abs((a ?? 0) - (b ?? 0)) <= tolerance, "\(name), category \(ours.id)")
            }
        }
        for (values, sum) in [
            (summary.curves.recall, expected.recallSum), (summary.curves.precision, expected.precisionSum),
            (summary.curves.scores, expected.scoreSum),
        ] {
            guard let sum else { continue }
            #expect(abs(values.reduce(0, +) - sum) <= 1e-11 * abs(sum), "\(name)")
        }
    }

    @Test(arguments: [1, 3]) func masksByTheRulesOfCOCO(threads: Int) throws {
        var parameters = EvaluationParameters.coco
        parameters.kind = .segm
        let summary = try summary("segm", "segm", parameters, threads: threads)
        try expectEqual(summary, "segm")
        #expect((summary["AP"] ?? 0) > 0.1)
    }

    @Test(arguments: EvaluationParameters.Kind.allCases)
    func boxesAndMasksByTheRulesOfLVIS(kind: EvaluationParameters.Kind) throws {
        var parameters = EvaluationParameters.lvis
        parameters.kind = kind
        let summary = try summary("lvis", "lvis_\(kind.rawValue)", parameters)
        try expectEqual(summary, "lvis \(kind.rawValue)")
        #expect((summary["APr"] ?? 0) > 0 && (summary["APc"] ?? 0) > 0)
    }

    @Test(arguments: [
        (EvaluationParameters.Style.voc07, false, "voc07"), (.voc12, false, "voc12"),
        (.voc12, true, "voc12 rounded"),
    ])
    func boxesByTheRulesOfVOC(style: EvaluationParameters.Style, rounds: Bool, name: String) throws {
        var parameters = EvaluationParameters.voc(style)
        parameters.roundsAsDetectron2 = rounds
        let summary = try summary("voc", "voc", parameters)
        try expectEqual(summary, name, exactly: false)
        // A class of detections alone, one of objects alone, one of neither.
        #expect(summary.perCategory.map(\.ap50).suffix(3) == [nil, 0, nil])
    }

    @Test func ranksGiveTheSameBits() throws {
        for (style, kind) in [
            (EvaluationParameters.Style.coco, EvaluationParameters.Kind.segm), (.lvis, .bbox),
            (.voc07, .bbox),
        ] {
            let name = style == .coco ? "segm" : style == .lvis ? "lvis" : "voc"
            var parameters = EvaluationParameters.of(style)
            parameters.kind = kind
            let annotations = try COCOAnnotations.read(
                path: Golden.url("scoring/\(name)_gt.json").path, for: .scoring, withMasks: kind == .segm)
            let results = try COCOResults.read(
                path: Golden.url("scoring/\(style == .lvis ? "lvis_bbox" : name)_dt.json").path,
                withMasks: kind == .segm)
            let evaluator = try COCOEvaluator(groundTruth: annotations, parameters: parameters)
            let whole = try evaluator.evaluate(results: results)
            for worldSize in [2, 7] {
                let parts = try (0..<worldSize).map {
                    try EvaluationRecords(
                        bytes: evaluator.records(results: results, rank: $0, worldSize: worldSize).bytes)
                }
                let merged = try evaluator.summarize(parts)
                #expect(merged.curves.precision == whole.curves.precision)
                #expect(merged.metrics.map(\.value) == whole.metrics.map(\.value))
                #expect(merged.counts == whole.counts)
            }
        }
    }

    @Test func recordsCutShortAreRefused() throws {
        let bytes = try COCOEvaluator(groundTruth: EvaluationCase("hand").groundTruth)
            .records(results: COCOResults()).bytes
        #expect(throws: DataError.self) { try EvaluationRecords(bytes: bytes.dropLast()) }
        #expect(throws: DataError.self) { try EvaluationRecords(bytes: bytes + [0]) }
    }

    @Test func curvesAreDrawnAndWritten() throws {
        let data = try EvaluationCase("curve")
        let summary = try COCOEvaluator(groundTruth: data.groundTruth).evaluate(results: data.results)
        let svg = PrecisionRecallChart(summary).svg
        #expect(svg.components(separatedBy: "<polyline").count == 11)
        #expect(svg.contains("IoU 0.50  0.637"))
        struct Curves: Decodable {
            struct Category: Decodable { let id: Int, precision: [[Double]?] }
            let recall: [Double], precision: [[Double]?], categories: [Category]
        }
        let curves = try JSONDecoder().decode(Curves.self, from: Data(summary.curvesJSON()))
        let line = try #require(curves.precision.first ?? nil)
        #expect(curves.recall == summary.parameters.recallPoints && line.count == 101)
        #expect(abs(line.reduce(0, +) / 101 - (summary["AP50"] ?? -1)) < 1e-12)
        #expect(curves.categories.first?.precision.first == line)
    }

    @Test func whatMasksNeedIsNamed() throws {
        var parameters = EvaluationParameters.coco
        parameters.kind = .segm
        let annotations = try COCOAnnotations.read(
            path: Golden.url("scoring/segm_gt.json").path, for: .scoring, withMasks: true)
        func complaint(_ results: COCOResults) -> String? {
            do {
                _ = try COCOEvaluator(groundTruth: annotations, parameters: parameters).evaluate(
                    results: results)
            } catch {
                return error.message
            }
            return nil
        }
        let box = COCOResults.Detection(imageID: 3, categoryID: 2, bbox: (0, 0, 9, 9), score: 0.5)
        #expect(complaint(COCOResults(detections: [box])) == "results: detection entry 0 has no mask")
        var results = COCOResults()
        results.append(box, mask: RLEMask(width: 90, height: 120, counts: [10800]))
        #expect(
            complaint(results)
                == "results: detection entry 0 in image 3 has a mask of 90x120, the image is 120x90")
        #expect(throws: DataError.self) {
            try COCOEvaluator(
                groundTruth: COCOAnnotations.read(
                    path: Golden.url("scoring/segm_gt.json").path, for: .scoring),
                parameters: parameters)
        }
        #expect(throws: DataError.self) {
            try COCOEvaluator(groundTruth: annotations, parameters: .lvis)
        }
    }
}
