import Testing

@testable import Tensors

@Suite struct PrimitiveCacheTests {
    private func shape(_ width: Int) -> ConvolutionShape {
        ConvolutionShape(
            input: [1, 4, width, 3], weight: [8, 3, 3, 3], geometry: ConvolutionGeometry(padding: 1),
            direction: .forward)
    }

    @Test func forgetsWhatWasUsedLongestAgo() {
        let cache = PrimitiveCache(capacity: 10)
        for width in 1...10 { _ = cache.entry(shape(width)) }
        _ = cache.entry(shape(1))
        #expect(cache.missCount == 10)
        // The eleventh drops a tenth: width 2, for width 1 was used since.
        _ = cache.entry(shape(11))
        _ = cache.entry(shape(1))
        #expect(cache.missCount == 11)
        _ = cache.entry(shape(2))
        #expect(cache.missCount == 12)
    }
}
