/// The regions of a segmentation: sizes, bounding rectangles and which of them touch.
struct RegionGraph {
    let imageSize: Int
    /// In pixels.
    private(set) var sizes: [Int32]
    private(set) var rectangles: [PixelRectangle]
    /// Regions that touch at a side or a corner, in ascending order.
    let pairs: [(Int32, Int32)]

    init(_ map: LabelMap) {
        imageSize = map.width * map.height
        sizes = [Int32](repeating: 0, count: map.regionCount)
        rectangles = [PixelRectangle](repeating: .empty, count: map.regionCount)
        pairs = Self.touching(map)
        map.labels.withUnsafeBufferPointer { labels in
            for y in 0..<map.height {
                var start = y * map.width
                let end = start + map.width
                while start < end {
                    let label = labels[start]
                    var next = start + 1
                    while next < end && labels[next] == label { next += 1 }
                    let x = start - y * map.width
                    sizes[Int(label)] += Int32(next - start)
                    let run = PixelRectangle(
                        minX: Int32(x), minY: Int32(y), maxX: Int32(x + next - start - 1), maxY: Int32(y))
                    rectangles[Int(label)] = rectangles[Int(label)].union(run)
                    start = next
                }
            }
        }
    }

    private static func touching(_ map: LabelMap) -> [(Int32, Int32)] {
        var pairs = PairSet()
        map.labels.withUnsafeBufferPointer { labels in
            for y in 0..<map.height {
                let upper = y * map.width
                let lower = min(y + 1, map.height - 1) * map.width
                for x in 0..<map.width {
                    let right = min(x + 1, map.width - 1)
                    let (a, b) = (labels[upper + x], labels[upper + right])
                    let (c, d) = (labels[lower + x], labels[lower + right])
                    if a == b && a == c && a == d { continue }
                    if a != b { pairs.insert(a, b) }
                    if a != c { pairs.insert(a, c) }
                    if a != d { pairs.insert(a, d) }
                    if b != c { pairs.insert(b, c) }
                }
            }
        }
        return pairs.sorted()
    }
}
