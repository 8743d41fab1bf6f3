import DetectionData
import Testing

@Suite struct DistributedSamplerTests {
    private let plan = BatchPlan(
        FlatDataset(sizes: (0..<70).map { $0 % 2 == 0 ? (3, 4) : (4, 3) }), globalBatchSize: 16, seed: 5,
        groupsByAspect: true)

    @Test(arguments: [1, 2, 3, 4, 16, 17], [1, 2, 4, 16])
    func partsOfAllRanksAreTheGlobalBatchInOrder(worldSize: Int, microBatchSize: Int) {
        let samplers = (0..<worldSize).map {
            DistributedSampler(plan: plan, rank: $0, worldSize: worldSize, microBatchSize: microBatchSize)
        }
        for step in 0..<12 {
            let parts = samplers.map { $0.microBatches(ofStep: step) }
            #expect(parts.flatMap { $0 }.flatMap { $0 } == plan.globalBatch(ofStep: step))
            #expect((parts.map(\.count).max() ?? 0) - (parts.map(\.count).min() ?? 0) <= 1)
            for (sampler, part) in zip(samplers, parts) {
                #expect(part.count == sampler.microBatchCount)
                #expect(part.allSatisfy { $0.count == microBatchSize })
            }
        }
    }

    @Test func microBatchesAreTheSameForAnyNumberOfRanks() {
        func microBatches(_ worldSize: Int) -> [[BatchPlan.Item]] {
            (0..<worldSize).flatMap {
                DistributedSampler(plan: plan, rank: $0, worldSize: worldSize, microBatchSize: 2)
                    .microBatches(ofStep: 5)
            }
        }
        #expect([2, 3, 4, 16].allSatisfy { microBatches($0) == microBatches(1) })
    }

    @Test func evaluationPartsCoverAllImagesOnce() {
        let parts = (0..<8).map { DistributedSampler.range(of: 70, rank: $0, worldSize: 8) }
        #expect(parts.flatMap { Array($0) } == Array(0..<70))
    }
}
