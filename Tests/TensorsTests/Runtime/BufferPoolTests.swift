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
        let allocations = BufferPool.shared.systemAllocationCount
        let second = Tensor(uninitialized: [1001, 3])
        #expect(second.floats == address)
        #expect(BufferPool.shared.systemAllocationCount == allocations)
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
