import DetectionData
import Testing

@Suite struct CachedDatasetTests {
    @Test func imagesAreKeptUpToTheLimit() throws {
        let base = FlatDataset(sizes: [(10, 10), (10, 10), (20, 10)])
        let cached = CachedDataset(base, byteLimit: 700)
        for _ in 0..<3 {
            for index in 0..<3 {
                let sample = try cached.sample(at: index)
                #expect(sample.imageID == base.imageID(at: index))
                #expect(
                    sample.image.pixels
                        == [UInt8](repeating: UInt8(index), count: base.size(at: index).width * 30))
            }
        }
        #expect(base.readCounts == [1, 1, 3])
        #expect((cached.count, cached.imageID(at: 2)) == (3, 102))
        #expect(cached.size(at: 2) == (20, 10))
    }

    @Test func withoutMemoryEveryReadDecodes() throws {
        let base = FlatDataset(sizes: [(4, 4)])
        let cached = CachedDataset(base, byteLimit: 0)
        for _ in 0..<3 { _ = try cached.sample(at: 0) }
        #expect(base.readCounts == [3])
    }
}
