import DetectionData
import Synchronization

/// Images of one colour, the number of the image, that count how often they are asked for.
final class FlatDataset: Dataset {
    private let sizes: [(width: Int, height: Int)]
    private let reads: Mutex<[Int]>

    init(sizes: [(width: Int, height: Int)]) {
        self.sizes = sizes
        reads = Mutex([Int](repeating: 0, count: sizes.count))
    }

    var count: Int { sizes.count }
    var readCounts: [Int] { reads.withLock { $0 } }

    func imageID(at index: Int) -> Int { 100 + index }

    func size(at index: Int) -> (width: Int, height: Int) { sizes[index] }

    func sample(at index: Int) throws(DataError) -> Sample {
        reads.withLock { $0[index] += 1 }
        let grey = UInt8(index)
        return Sample(
            image: Image(width: sizes[index].width, height: sizes[index].height, colour: (grey, grey, grey)),
            boxes: [], labels: [], boxIDs: [], imageID: 100 + index)
    }
}
