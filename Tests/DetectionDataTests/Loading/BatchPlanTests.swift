import DetectionData
import Randomness
import Testing

@Suite struct BatchPlanTests {
    /// Every third image is tall, one is square.
    private let dataset = FlatDataset(
        sizes: (0..<50).map { $0 == 10 ? (40, 40) : $0 % 3 == 0 ? (30, 40) : (40, 30) })

    private func isWide(_ index: Int) -> Bool {
        dataset.size(at: index).width > dataset.size(at: index).height
    }

    private func plan(batch: Int = 8, seed: UInt64 = 3, grouped: Bool = true) -> BatchPlan {
        BatchPlan(dataset, globalBatchSize: batch, seed: seed, groupsByAspect: grouped)
    }

    @Test func batchesComeFromOneGroupAndCoverTheEpoch() {
        let plan = plan()
        let wide = (0..<50).filter(isWide)
        #expect(plan.stepsPerEpoch == (wide.count + 7) / 8 + (50 - wide.count + 7) / 8)
        for epoch in 0..<3 {
            let batches = (0..<plan.stepsPerEpoch).map {
                plan.globalBatch(ofStep: epoch * plan.stepsPerEpoch + $0)
            }
            for batch in batches {
                #expect(batch.count == 8)
                #expect(Set(batch.map { isWide($0.index) }).count == 1)
                #expect(batch.allSatisfy { $0.epoch == epoch })
            }
            let items = batches.flatMap { $0 }
            #expect(Set(items).count == items.count, "the same turn twice")
            #expect(items.filter { $0.occurrence == 0 }.map(\.index).sorted() == Array(0..<50))
            #expect(Set(items.filter { $0.occurrence > 0 }.map(\.occurrence)).isSubset(of: [1]))
        }
    }

    @Test func aSmallGroupIsRepeatedToFillABatch() {
        let dataset = FlatDataset(sizes: [(40, 30), (40, 30), (30, 40)])
        let plan = BatchPlan(dataset, globalBatchSize: 5, seed: 1, groupsByAspect: true)
        #expect(plan.stepsPerEpoch == 2)
        let batches = [plan.globalBatch(ofStep: 0), plan.globalBatch(ofStep: 1)]
        let tall = batches.first { $0[0].index == 2 }
        #expect(tall?.map(\.index) == [2, 2, 2, 2, 2])
        #expect(tall?.map(\.occurrence) == [0, 1, 2, 3, 4])
        let wide = batches.first { $0[0].index != 2 }
        #expect(wide?.map(\.occurrence) == [0, 0, 1, 1, 2])
        #expect(wide?[0].index == wide?[2].index && wide?[2].index == wide?[4].index)
    }

    @Test func aStepsBatchDoesNotDependOnWhatWasAskedBefore() {
        let straight = plan()
        let steps = [40, 3, 17, 3, 0, 99, 8]
        let expected = (0..<100).map { straight.globalBatch(ofStep: $0) }
        let fresh = plan()
        for step in steps { #expect(fresh.globalBatch(ofStep: step) == expected[step]) }
    }

    @Test func epochsAndSeedsHaveOrdersOfTheirOwn() {
        func order(_ plan: BatchPlan, _ epoch: Int) -> [Int] {
            (0..<plan.stepsPerEpoch).flatMap {
                plan.globalBatch(ofStep: epoch * plan.stepsPerEpoch + $0).map(\.index)
            }
        }
        let orders = [
            order(plan(), 0), order(plan(), 1), order(plan(seed: 4), 0), order(plan(grouped: false), 0),
        ]
        #expect(Set(orders).count == 4)
        #expect(plan().position(ofStep: plan().stepsPerEpoch * 2 + 1) == (2, 1))
    }

    /// In a thousand epochs every image should open the epoch about equally often: 20 times, deviation 4.4.
    @Test func everyImageComesFirstEquallyOften() {
        let plan = plan(batch: 1, grouped: false)
        var counts = [Int](repeating: 0, count: 50)
        for epoch in 0..<1000 { counts[plan.globalBatch(ofStep: epoch * 50)[0].index] += 1 }
        #expect(counts.allSatisfy { (2...42).contains($0) })
    }

    @Test func repeatedTurnsHaveNumbersOfTheirOwn() {
        let plan = BatchPlan(FlatDataset(sizes: [(4, 3)]), globalBatchSize: 3, seed: 1, groupsByAspect: true)
        let words = plan.globalBatch(ofStep: 0).flatMap { item in
            [RandomPurpose.augmentation, .secondView].map { purpose in
                var random = item.random(seed: 1, purpose: purpose)
                return random.next()
            }
        }
        #expect(Set(words).count == 6)
        var plain = RandomSource(seed: 1, epoch: 0, sample: 0, purpose: .augmentation)
        #expect(words[0] == plain.next())
    }
}
