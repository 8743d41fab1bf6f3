import DetectionData
import Foundation
import TestSupport
import Testing

@testable import COCOEvaluation

@Suite struct ReferenceFiguresTests {
    private func summary(
        _ name: String, _ parameters: EvaluationParameters = .coco, _ strictness: Strictness = .strict
    ) throws -> EvaluationSummary {
        let data = try EvaluationCase(name)
        let evaluator = try COCOEvaluator(
            groundTruth: data.groundTruth, parameters: parameters, strictness: strictness)
        return try evaluator.evaluate(results: data.results)
    }

    @Test(arguments: ["hand", "curve", "photographs", "generated"])
    func figuresEqualTheReference(name: String) throws {
        let expected = try #require(ExpectedFigures.read().cases[name])
        expectEqual(try summary(name), expected)
    }

    @Test func thresholdsAndRecallPointsAreTheReferencesDoubles() throws {
        let expected = try ExpectedFigures.read()
        #expect(EvaluationParameters.coco.iouThresholds == expected.iouThresholds)
        #expect(EvaluationParameters.coco.recallPoints == expected.recallPoints)
    }

    @Test(arguments: [
        ("hand", "hand, 1 10 300", [300, 1, 10]), ("generated", "generated, 100 300 1000", [100, 300, 1000]),
    ])
    func otherLimitsOfDetections(name: String, figures: String, limits: [Int]) throws {
        var parameters = EvaluationParameters.coco
        parameters.maxDetections = limits
        expectEqual(try summary(name, parameters), try #require(ExpectedFigures.read().cases[figures]))
    }

    @Test func pooledCategories() throws {
        var parameters = EvaluationParameters.coco
        parameters.maxDetections = [100, 300, 1000]
        parameters.usesCategories = false
        let expected = try #require(ExpectedFigures.read().cases["generated, class-agnostic"])
        expectEqual(try summary("generated", parameters), expected)
    }

    @Test func someImagesAndCategories() throws {
        let expected = try ExpectedFigures.read()
        var parameters = EvaluationParameters.coco
        parameters.imageIDs = expected.subset.images.reversed()
        parameters.categoryIDs = expected.subset.categories
        let summary = try summary("generated", parameters, .lenient)
        expectEqual(summary, try #require(expected.cases["generated, subset"]))
        #expect(summary.counts.images == expected.subset.images.count)
        #expect(throws: DataError.self) { try self.summary("generated", parameters, .strict) }
        parameters.imageIDs = [-1]
        #expect(throws: DataError.self) { try self.summary("generated", parameters, .lenient) }
    }

    @Test func noDetectionsAtAllScoreZero() throws {
        let data = try EvaluationCase("hand")
        let summary = try COCOEvaluator(groundTruth: data.groundTruth).evaluate(
            results: COCOResults(detections: []))
        expectEqual(summary, try #require(ExpectedFigures.read().cases["hand, no detections"]))
    }

    @Test func annotationsNumberedFromZeroCountUnlessAskedOtherwise() throws {
        let data = try EvaluationCase("hand")
        let expected = try ExpectedFigures.read()
        let fromZero = data.renumbered(from: 0)
        let summary = try COCOEvaluator(groundTruth: fromZero).evaluate(results: data.results)
        expectEqual(summary, try #require(expected.cases["hand"]))
        var parameters = EvaluationParameters.coco
        parameters.treatsIDZeroAsUnmatched = true
        let faithful = try COCOEvaluator(groundTruth: fromZero, parameters: parameters).evaluate(
            results: data.results)
        expectEqual(faithful, try #require(expected.cases["hand, ids from 0"]))
    }

    @Test func figuresOfTheHandCaseAreThePublishedOnes() throws {
        // To the printed digits; worked out apart from the fixture file.
        let figures = [
            0.613861, 0.70297, 0.70297, 0.565347, 0.759901, 0.9, 0.45, 0.7625, 0.7625, 0.566667, 0.925, 0.9,
        ]
        let summary = try summary("hand")
        for (metric, figure) in zip(summary.metrics, figures) { #expect(abs(metric.value - figure) < 5.1e-7) }
        #expect(
            summary.metrics.map(\.name)
                == [
                    "AP", "AP50", "AP75", "APs", "APm", "APl", "AR@1", "AR@10", "AR@100", "ARs", "ARm", "ARl",
                ])
        let apByThreshold = (0..<10).map {
            summary.curves.meanPrecision(thresholds: $0..<$0 + 1, categories: 0..<1, area: 0, limit: 2) ?? -1
        }
        let published = [Double](repeating: 0.570957, count: 7) + [0.422442, 0.336634, 0.336634]
        for (ours, theirs) in zip(apByThreshold, published) { #expect(abs(ours - theirs) < 5.1e-7) }
        #expect(abs((try self.summary("curve")["AP"] ?? -1) - 0.636964) < 5.1e-7)
    }

    @Test func matchesOfTheHandCaseFollowTheTrace() throws {
        let data = try EvaluationCase("hand")
        let evaluator = try COCOEvaluator(groundTruth: data.groundTruth)
        let records = try evaluator.records(results: data.results)
        let pair = records.pairs[0]
        #expect(pair.image == 0 && pair.category == 0 && pair.detectionCount == 5)
        #expect(Array(records.scores[0..<5]) == [0.9, 0.9, 0.8, 0.7, 0.6])
        // Five detections, size bins all, small, medium, large; bit t is threshold t. The first box takes the
        // object up to 0.85, the perfect second one above; two boxes share the crowd; the last fits up to
        // 0.80.
        let all: UInt16 = 0b11_1111_1111
        #expect(Array(records.matched[0..<5]) == [0b00_1111_1111, 0b11_0000_0000, all, all, 0b00_0111_1111])
        #expect(Array(records.ignored[0..<5]) == [0, 0, all, all, 0])
        #expect(Array(records.ignored[5..<10]) == [all, all, all, all, 0])
        #expect(Array(records.ignored[10..<15]) == [0, 0, all, all, all])
        #expect(Array(records.positives[0..<4]) == [2, 1, 1, 0])
    }

    @Test func perfectDetectionsScoreOne() throws {
        let data = try EvaluationCase("photographs")
        let perfect = data.groundTruth.annotations.filter { !$0.isCrowd }.map {
            COCOResults.Detection(imageID: $0.imageID, categoryID: $0.categoryID, bbox: $0.bbox, score: 1)
        }
        let summary = try COCOEvaluator(groundTruth: data.groundTruth).evaluate(
            results: COCOResults(detections: perfect.reversed()))
        for category in summary.perCategory {
            #expect((category.ap ?? 1) > 1 - 1e-15, "category \(category.id)")
        }
        #expect(summary.text.contains("maxDets=100 ] = 1.000"))
    }

    @Test func jsonHoldsEveryFigureExactly() throws {
        // `JSONSerialization` rounds some doubles to a neighbour; `JSONDecoder` does not.
        struct Figures: Decodable {
            struct Category: Decodable {
                enum CodingKeys: String, CodingKey {
                    case id
                    case ap = "AP"
                    case ap75 = "AP75"
                }
                let id: Int, ap: Double?, ap75: Double?
            }
            struct Parameters: Decodable {
                enum CodingKeys: String, CodingKey { case thresholds = "iou_thresholds" }
                let thresholds: [Double]
            }
            enum CodingKeys: String, CodingKey {
                case metrics
                case categories = "per_category"
                case counts, parameters
            }
            let metrics: [String: Double], categories: [Category], counts: [String: Int],
                parameters: Parameters
        }
        let summary = try summary("generated")
        let figures = try JSONDecoder().decode(Figures.self, from: Data(summary.json()))
        #expect(figures.metrics.count == 12)
        for metric in summary.metrics { #expect(figures.metrics[metric.name] == metric.value) }
        #expect(figures.categories.map(\.id) == [3, 4, 17, 55, 90])
        #expect(figures.categories.map(\.ap) == summary.perCategory.map(\.ap))
        #expect(figures.categories.map(\.ap75) == summary.perCategory.map(\.ap75))
        #expect(figures.counts["images"] == 48)
        #expect(figures.counts["dropped_unknown_category"] ?? 0 > 0)
        #expect(figures.parameters.thresholds == EvaluationParameters.coco.iouThresholds)
        #expect(summary.categoryText.split(separator: "\n").count == 6)
        #expect(summary.categoryText.contains("    55  kind 55        -       -       -"))
    }
}
