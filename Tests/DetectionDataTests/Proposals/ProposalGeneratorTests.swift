import Synchronization
import Testing

@testable import DetectionData

@Suite struct ProposalGeneratorTests {
    private struct Unreadable: Error {}

    private let search = SelectiveSearch(
        colourSpaces: [.rgb], similarities: [[.size, .fill]],
        segmentation: GraphSegmentation(sigma: 0, scales: [10], minimumSize: 1), seed: 4)

    /// File "n" is a picture n + 4 pixels wide with a bright column at n; larger numbers take longer.
    @Sendable private static func load(_ input: ProposalGenerator.Input) throws -> Image {
        guard let n = Int(input.path) else { throw Unreadable() }
        var image = Image(width: n + 4, height: 8)
        for y in 0..<8 { image.pixels[(y * (n + 4) + n) * 3] = 255 }
        return image
    }

    private func inputs(_ names: [String]) -> [ProposalGenerator.Input] {
        names.enumerated().map { .init(path: $0.element, index: $0.offset, imageID: $0.offset) }
    }

    @Test func boxesComeInListOrderWhateverTheThreads() throws {
        let inputs = inputs((0..<40).map { String(($0 * 17) % 40) })
        func boxes(threads: Int) throws -> [[Box]] {
            try ProposalGenerator(search: search, threadCount: threads, load: Self.load).boxes(of: inputs)
        }
        let alone = try boxes(threads: 1)
        for (input, found) in zip(inputs, alone) {
            let n = try #require(Float(input.path))
            #expect(found.contains(Box(x: n, y: 0, width: 1, height: 8)))
            #expect(found.contains(Box(x: 0, y: 0, width: n + 4, height: 8)))
        }
        #expect(try boxes(threads: 3) == alone)
        #expect(try boxes(threads: 64) == alone)
    }

    @Test func everyImageIsFinishedOnceUntilAskedToStop() throws {
        let calls = Mutex<[Int]>([])
        let generator = ProposalGenerator(search: search, threadCount: 4, load: Self.load)
        try generator(inputs((0..<20).map(String.init))) { index, _ in calls.withLock { $0.append(index) } }
        #expect(calls.withLock { $0.sorted() } == Array(0..<20))
        calls.withLock { $0 = [] }
        try ProposalGenerator(search: search, threadCount: 1, load: Self.load)(
            inputs((0..<20).map(String.init)), shouldStop: { calls.withLock { $0.count == 3 } }
        ) { index, _ in calls.withLock { $0.append(index) } }
        #expect(calls.withLock { $0 } == [0, 1, 2])
    }

    @Test func filtersApplyToEachImage() throws {
        let filters = ProposalFilterSteps([ProposalFilter(maximumAspectRatio: 2), ProposalFilter(limit: 1)])
        let generator = ProposalGenerator(search: search, filters: filters, threadCount: 2, load: Self.load)
        let boxes = try generator.boxes(of: inputs(["4", "60"]))
        // Of 8 x 8 the whole passes; 64 x 8 leaves nothing with an aspect up to 2, so the second filter takes
        // one.
        #expect(boxes[0].contains(Box(x: 0, y: 0, width: 8, height: 8)))
        #expect(!boxes[0].contains(Box(x: 4, y: 0, width: 1, height: 8)))
        #expect(boxes[1].count == 1)
    }

    @Test func firstUnreadableFileIsNamed() {
        var names = (0..<30).map(String.init)
        for broken in [7, 8, 25] { names[broken] = "broken\(broken).jpg" }
        for threads in [1, 2, 8] {
            let generator = ProposalGenerator(search: search, threadCount: threads, load: Self.load)
            let error = #expect(throws: DataError.self) { try generator.boxes(of: inputs(names)) }
            #expect(error?.message.hasPrefix("broken7.jpg: ") == true)
        }
    }

    @Test func loadersErrorKeepsItsKindAndHint() {
        let generator = ProposalGenerator(search: search, threadCount: 1) { input in
            throw DataError(.missingInput, "no such file", hint: "look in \(input.path)")
        }
        let error = #expect(throws: DataError.self) { try generator.boxes(of: inputs(["a.jpg"])) }
        #expect(error?.kind == .missingInput)
        #expect(error?.description == "a.jpg: no such file (look in a.jpg)")
    }

    @Test func noImagesGiveNoBoxes() throws {
        #expect(try ProposalGenerator(search: search, threadCount: 3, load: Self.load).boxes(of: []).isEmpty)
    }
}
