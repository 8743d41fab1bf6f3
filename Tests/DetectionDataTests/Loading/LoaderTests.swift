import DetectionData
import Foundation
import Synchronization
import Testing

@Suite struct LoaderTests {
    private let view = Pipeline([
        ResizeChoice(shortSides: [96, 112, 128], maximumLongSide: 200), FilterBoxes(minimumSide: 0.01),
        RandomFlip(probability: 0.5), PhotometricOneOf(),
    ])
    private let collate = Collate(size: .multiple(of: 32), normalization: .imageNet)

    private func sampler(_ dataset: some Dataset, rank: Int = 0, of worldSize: Int = 1)
        -> DistributedSampler
    {
        DistributedSampler(
            plan: BatchPlan(dataset, globalBatchSize: 4, seed: 42, groupsByAspect: true), rank: rank,
            worldSize: worldSize, microBatchSize: 2)
    }

    private func all<Element>(_ loader: Loader<Element>) throws -> [Loader<Element>.Step] {
        var steps: [Loader<Element>.Step] = []
        while let step = try loader.next() { steps.append(step) }
        return steps
    }

    private func expectEqual(_ a: Batch, _ b: Batch) {
        #expect((a.count, a.height, a.width) == (b.count, b.height, b.width))
        // Compared outside: a failed expectation would list every differing pixel, for minutes.
        let isSame = a.pixels == b.pixels
        #expect(isSame)
        #expect(a.targets.map(\.imageID) == b.targets.map(\.imageID))
        #expect(a.targets.map(\.boxes) == b.targets.map(\.boxes))
        #expect(a.targets.map(\.labels) == b.targets.map(\.labels))
        #expect(a.targets.map(\.flipped) == b.targets.map(\.flipped))
    }

    @Test(arguments: [1, 3]) func batchesDoNotDependOnTheNumberOfThreads(threadCount: Int) throws {
        let dataset = try BuiltInBCCD.dataset("train", subset: .first(10))
        let batches = TrainingBatches(
            dataset, sampler: sampler(dataset), pipeline: view, collate: collate)
        func steps(_ threadCount: Int) throws -> [Loader<[Batch]>.Step] {
            try all(
                Loader(steps: 2..<10, threadCount: threadCount, stepsAhead: 3) { step throws(DataError) in
                    try batches.batches(ofStep: step)
                })
        }
        let expected = try steps(0)
        let result = try steps(threadCount)
        #expect(expected.map(\.number) == Array(2..<10) && result.map(\.number) == Array(2..<10))
        #expect(result.allSatisfy { $0.waitSeconds >= 0 })
        for (a, b) in zip(expected, result) {
            #expect(a.element.count == 2 && b.element.count == 2)
            for (a, b) in zip(a.element, b.element) { expectEqual(a, b) }
        }
    }

    @Test func viewPairsDoNotDependOnTheNumberOfThreads() throws {
        let dataset = try BuiltInBCCD.dataset("train", subset: .first(6))
        let batches = TwoViewBatches(
            CachedDataset(dataset, byteLimit: 3_000_000), sampler: sampler(dataset),
            pipeline: TwoViewPipeline(shared: Pipeline([]), first: view, second: view), collate: collate)
        func pairs(_ threadCount: Int) throws -> [ViewPair] {
            try all(
                Loader(steps: 0..<5, threadCount: threadCount, stepsAhead: 4) { step throws(DataError) in
                    try batches.pairs(ofStep: step)
                }
            ).flatMap(\.element)
        }
        let (inline, threaded) = (try pairs(0), try pairs(2))
        #expect(inline.count == 10 && threaded.count == 10)
        for (a, b) in zip(inline, threaded) {
            expectEqual(a.first, b.first)
            expectEqual(a.second, b.second)
            let differ = a.first.pixels != a.second.pixels
            #expect(differ)
        }
    }

    @Test(arguments: [1, 2, 4]) func samplesDoNotDependOnTheNumberOfRanks(worldSize: Int) throws {
        let dataset = try BuiltInBCCD.dataset("train", subset: .first(10))
        func targets(_ worldSize: Int) throws -> [Target] {
            try (0..<worldSize).flatMap { rank in
                let batches = TrainingBatches(
                    dataset, sampler: sampler(dataset, rank: rank, of: worldSize), pipeline: view,
                    collate: collate)
                return try batches.batches(ofStep: 1).flatMap(\.targets)
            }
        }
        let (one, many) = (try targets(1), try targets(worldSize))
        #expect(one.map(\.imageID) == many.map(\.imageID))
        #expect(one.map(\.boxes) == many.map(\.boxes))
        #expect(one.map(\.validWidth) == many.map(\.validWidth))
    }

    @Test(arguments: [0, 2]) func aStepsErrorArrivesAtThatStep(threadCount: Int) throws {
        let loader = try Loader(steps: 0..<6, threadCount: threadCount, stepsAhead: 4) {
            step throws(DataError) in
            if step == 3 { throw DataError(.badInput, "image 9 'bad.jpg': cut off") }
            return step * 10
        }
        for step in 0..<3 { #expect(try loader.next()?.element == step * 10) }
        let error = #expect(throws: DataError.self) { try loader.next() }
        #expect(error?.message == "image 9 'bad.jpg': cut off")
        #expect(try loader.next()?.element == 40)
        loader.stop()
        #expect(try loader.next() == nil)
    }

    @Test func aBrokenFileIsNamedWithItsImage() throws {
        let folder = try ScratchFolder()
        let annotations = try BuiltInBCCD.annotations("val")
        let records = Array(annotations.images[0..<4])
        for (index, record) in records.enumerated() {
            let file = URL(fileURLWithPath: "\(BuiltInBCCD.folder)/images/val/\(record.fileName)")
            let data = try Data(contentsOf: file)
            try folder.write(index == 2 ? data.prefix(5000) : data, to: record.fileName)
        }
        let ids = Set(records.map(\.id))
        let dataset = try COCODataset(
            COCOAnnotations(
                images: records, categories: annotations.categories,
                annotations: annotations.annotations.filter { ids.contains($0.imageID) }),
            imageFolder: folder.path,
            options: .init(
                use: .training, classNames: nil, subset: .all, policy: .refuse, orientation: .apply))
        let batches = TrainingBatches(
            dataset, sampler: sampler(dataset), pipeline: view, collate: collate)
        let loader = try Loader(steps: 0..<2, threadCount: 1, stepsAhead: 2) { step throws(DataError) in
            try batches.batches(ofStep: step)
        }
        let error = #expect(throws: DataError.self) { try loader.next() }
        #expect(error?.message.hasPrefix("image \(records[2].id): ") == true)
        #expect(error?.message.contains(records[2].fileName) == true)
    }

    @Test func threadsStayWithinStepsAhead() throws {
        let made = Mutex(0)
        let loader = try Loader(steps: 0..<1000, threadCount: 3, stepsAhead: 5) { step throws(DataError) in
            made.withLock { $0 += 1 }
            return step
        }
        for taken in 1...20 {
            _ = try loader.next()
            Thread.sleep(forTimeInterval: 0.002)
            #expect(made.withLock { $0 } <= taken + 5)
        }
        loader.stop()
        #expect(made.withLock { $0 } <= 25)
    }

    @Test func waitingForAStepIsReported() throws {
        let loader = try Loader(steps: 0..<3, threadCount: 1, stepsAhead: 3) { step throws(DataError) in
            if step == 0 { Thread.sleep(forTimeInterval: 0.2) }
            return step
        }
        let first = try #require(try loader.next())
        #expect(first.waitSeconds > 0.1)
        Thread.sleep(forTimeInterval: 0.1)
        let second = try #require(try loader.next())
        #expect(second.waitSeconds < first.waitSeconds / 2)
    }
}
