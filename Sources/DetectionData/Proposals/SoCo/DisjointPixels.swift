/// Disjoint sets of pixels; a set's root is its first pixel in raster order.
struct DisjointPixels {
    /// The parent, or minus the size for a root.
    private var parents: [Int32]

    init(count: Int) { parents = [Int32](repeating: -1, count: count) }

    func size(_ root: Int) -> Int { -Int(parents[root]) }

    mutating func root(_ pixel: Int) -> Int {
        var top = pixel
        while parents[top] >= 0 { top = Int(parents[top]) }
        var pixel = pixel
        while parents[pixel] >= 0 {
            let next = Int(parents[pixel])
            parents[pixel] = Int32(top)
            pixel = next
        }
        return top
    }

    /// - Returns: the root of the union of two different sets, named by their roots.
    mutating func join(_ a: Int, _ b: Int) -> Int {
        let (kept, gone) = (min(a, b), max(a, b))
        parents[kept] += parents[gone]
        parents[gone] = Int32(kept)
        return kept
    }

    /// Sets numbered in the order of their roots.
    mutating func labels() -> (labels: [Int32], count: Int) {
        var numbers = [Int32](repeating: -1, count: parents.count)
        var count: Int32 = 0
        let labels = parents.indices.map { pixel in
            let root = root(pixel)
            if numbers[root] < 0 {
                numbers[root] = count
                count += 1
            }
            return numbers[root]
        }
        return (labels, Int(count))
    }
}
