import Testing

@testable import Tensors

@Suite(.serialized) struct BufferPoolTests {
    @Test func sizesAreRoundedUpByAtMostAnEighth() {
        for size in [0, 1, 511, 512, 513, 1000, 4097, 65_537, 1_000_000, 123_456_789] {
            let rounded = BufferPool.roundedSize(size)
            #expect(rounded >= size && rounded % 64 == 0)
            #expect(rounded <= max(512, size + size / 8 + 64))
            #expect(BufferPool.roundedSize(rounded) == rounded)
        }
    }

    @Test func aReturnedBlockIsHandedOutAgain() {
        let before = BufferPool.shared.liveBlockCount
        var first: Tensor? = Tensor(uninitialized: [3, 1001])
        let address = first?.floats
        #expect(BufferPool.shared.liveBlockCount == before + 1)
        first = nil
        #expect(BufferPool.shared.liveBlockCount == before)
        let held = BufferPool.shared.reservedByteCount
        let second = Tensor(uninitialized: [1001, 3])
        #expect(second.floats == address)
        #expect(BufferPool.shared.reservedByteCount == held)
    }

    @Test func roomOfSeveralBlocksServesALargerOne() throws {
        var arena = SpanArena()
        let page = SpanArena.granule
        let blocks = (1...4).compactMap { arena.take($0 * page) }
        try #require(blocks.count == 4)
        for (i, block) in blocks.enumerated() {
            for j in 0..<i { #expect(block != blocks[j]) }
            block.initializeMemory(as: UInt8.self, repeating: UInt8(i), count: (i + 1) * page)
        }
        for (i, block) in blocks.enumerated() {
            #expect(block.load(fromByteOffset: (i + 1) * page - 1, as: UInt8.self) == UInt8(i))
        }
        let touched = arena.touchedByteCount
        #expect(touched == 10 * page)
        // The second and the third come back, in either order: their five pages serve one block again.
        arena.giveBack(blocks[2], byteCount: 3 * page)
        arena.giveBack(blocks[1], byteCount: 2 * page)
        #expect(arena.take(5 * page) == blocks[1])
        #expect(arena.touchedByteCount == touched)
    }

    @Test func theTightestSpanIsCut() throws {
        var arena = SpanArena()
        let page = SpanArena.granule
        // The first and the third come back; the others keep them apart.
        let blocks = [8, 1, 3, 1].compactMap { arena.take($0 * page) }
        try #require(blocks.count == 4)
        arena.giveBack(blocks[0], byteCount: 8 * page)
        arena.giveBack(blocks[2], byteCount: 3 * page)
        #expect(arena.take(2 * page) == blocks[2])
        #expect(arena.take(4 * page) == blocks[0])
    }

    @Test func moreThanOneSegmentIsHandedOut() throws {
        var arena = SpanArena()
        let half = 3 << 28
        let blocks = (0..<2).compactMap { _ in arena.take(half) }
        try #require(blocks.count == 2)
        for block in blocks { block.storeBytes(of: 1, toByteOffset: half - 8, as: Int.self) }
        #expect(abs(blocks[0] - blocks[1]) >= half)
    }

    @Test func blocksAreAlignedToCacheLines() {
        for count in [1, 7, 1000, 100_000] {
            let tensor = Tensor(uninitialized: [count])
            #expect(UInt(bitPattern: tensor.floats) % 64 == 0)
        }
    }

    @Test func viewsKeepTheirBlockAlive() {
        let before = BufferPool.shared.liveBlockCount
        var view: Tensor?
        do {
            let whole = Tensor((0..<12).map { Float($0) }, shape: [4, 3])
            view = whole.prefix(1..<3)
        }
        #expect(BufferPool.shared.liveBlockCount == before + 1)
        #expect(view?.values == [3, 4, 5, 6, 7, 8])
        view = nil
        #expect(BufferPool.shared.liveBlockCount == before)
    }
}
