import DetectionData
import TestSupport
import Testing

@testable import COCOEvaluation

@Suite struct MergingRecordsTests {
    /// Results of some images only, in the order of the list.
    private func results(_ results: COCOResults, of images: [Int]) -> COCOResults {
        let images = Set(images)
        return COCOResults(detections: results.detections.filter { images.contains($0.imageID) })
    }

    @Test(arguments: [1, 2, 7])
    func ranksWithPaddedShardsGiveTheSameBits(rankCount: Int) throws {
        let data = try EvaluationCase("generated")
        let evaluator = try COCOEvaluator(groundTruth: data.groundTruth)
        let whole = try evaluator.evaluate(results: data.results)
        var images = data.groundTruth.images.map(\.id)
        // As a sampler does: shuffled, and repeated from the start until every rank has the same number.
        images.sort { $0 % 97 < $1 % 97 }
        while images.count % rankCount != 0 { images.append(images[images.count % 40]) }
        images.append(contentsOf: images.prefix(rankCount))
        let records = try (0..<rankCount).map { rank in
            let shard = stride(from: rank, to: images.count, by: rankCount).map { images[$0] }
            return try evaluator.records(results: results(data.results, of: shard), imageIDs: shard)
        }
        let merged = try evaluator.summarize(records.reversed())
        #expect(merged.metrics.map(\.value) == whole.metrics.map(\.value))
        #expect(
            merged.curves.precision == whole.curves.precision && merged.curves.scores == whole.curves.scores)
        #expect(merged.counts == whole.counts)
    }

    @Test func threadsGiveTheSameBits() throws {
        let data = try EvaluationCase("photographs")
        let one = try COCOEvaluator(groundTruth: data.groundTruth).evaluate(results: data.results)
        let three = try COCOEvaluator(groundTruth: data.groundTruth, threadCount: 3).evaluate(
            results: data.results)
        #expect(one.curves.precision == three.curves.precision && one.curves.scores == three.curves.scores)
        #expect(one.metrics.map(\.value) == three.metrics.map(\.value))
        #expect(one.counts == three.counts)
    }

    @Test func anImageThatNoRankLookedAtIsAnError() throws {
        let data = try EvaluationCase("hand")
        let evaluator = try COCOEvaluator(groundTruth: data.groundTruth)
        let records = try evaluator.records(results: results(data.results, of: [1, 3]), imageIDs: [1, 3])
        #expect {
            try evaluator.summarize([records])
        } throws: { ($0 as? DataError)?.message == "image 2 was looked at by no rank" }
    }
}
