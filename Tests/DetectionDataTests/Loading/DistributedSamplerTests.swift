import DetectionData
import Testing

@Suite struct DistributedSamplerTests {
    private let plan = BatchPlan(
        FlatDataset(sizes: (0..<70).map { $0 % 2 == 0 ? (3, 4) : (4, 3) }), globalBatchSize: 16, seed: 5,
        groupsByAspect: true)

    @Test(arguments: [1, 2, 3, 4, 16], [1, 2, 3, 16])
    func partsOfAllRanksAreTheGlobalBatchInOrder(worldSize: Int, microBatchSize: Int) throws {
        let samplers = try (0..<worldSize).map {
            try DistributedSampler(plan: plan, rank: $0, worldSize: worldSize, microBatchSize: microBatchSize)
        }
        for step in 0..<12 {
            let parts = samplers.map { $0.microBatches(ofStep: step) }
            #expect(parts.flatMap { $0 }.flatMap { $0 } == plan.globalBatch(ofStep: step))
            let sizes = parts.map { part in part.reduce(0) { $0 + $1.count } }
            #expect((sizes.max() ?? 0) - (sizes.min() ?? 0) <= 1)
            for (sampler, part) in zip(samplers, parts) {
                #expect(part.count == sampler.microBatchCount)
                #expect(part.dropLast().allSatisfy { $0.count == microBatchSize })
                #expect(part.allSatisfy { (1...microBatchSize).contains($0.count) })
            }
        }
    }

    @Test func moreRanksThanImagesAreRefused() {
        let error = #expect(throws: DataError.self) {
            try DistributedSampler(plan: plan, rank: 0, worldSize: 17, microBatchSize: 1)
        }
        #expect(error?.message == "17 ranks cannot share a global batch of 16 images")
    }

    @Test func evaluationPartsCoverAllImagesOnce() {
        let parts = (0..<8).map { DistributedSampler.range(of: 70, rank: $0, worldSize: 8) }
        #expect(parts.flatMap { Array($0) } == Array(0..<70))
    }
}
