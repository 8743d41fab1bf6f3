internal import HeapModule

/// Merges the most similar neighbours of a segmentation until one region is left.
///
/// Equal similarities go by age: the pair found first merges first.
/// - Source: Uijlings et al., IJCV 2013, algorithm 1.
struct HierarchicalGrouping {
    private let similarity: RegionSimilarity
    private let imageScale: Float
    private let rowCount: Int
    private let histogramRange: Range<Int>
    private var histograms: [RegionHistograms.Vector]

    // Per slot; a merged region takes over the slot of its first part.
    private var sizes: [Int32]
    private var neighbours: [[Int32]]

    // Per region: the initial ones, then the merged ones in order of creation.
    private var rectangles: [PixelRectangle]
    private var slots: [Int32]
    /// What a region was merged into, or itself; shortened on the way.
    private var successors: [Int32]

    private var heap = Heap<UInt64>()
    private var candidates: [(Int32, Int32)] = []

    /// Rectangles of the initial regions and of every merged one, in order of creation.
    static func rectangles(
        _ graph: RegionGraph, _ histograms: RegionHistograms, by similarity: RegionSimilarity
    ) -> [PixelRectangle] {
        var grouping = HierarchicalGrouping(graph, histograms, similarity)
        grouping.run(graph.pairs)
        return grouping.rectangles
    }

    private init(_ graph: RegionGraph, _ histograms: RegionHistograms, _ similarity: RegionSimilarity) {
        self.similarity = similarity
        imageScale = 1 / Float(graph.imageSize)
        rowCount = histograms.rowCount
        switch (similarity.contains(.texture), similarity.contains(.colour)) {
        case (true, true): histogramRange = 0..<histograms.rowCount
        case (true, false): histogramRange = 0..<histograms.textureCount
        case (false, true): histogramRange = histograms.textureCount..<histograms.rowCount
        case (false, false): histogramRange = 0..<0
        }
        self.histograms = histogramRange.isEmpty ? [] : histograms.vectors
        sizes = graph.sizes
        rectangles = graph.rectangles
        let count = graph.sizes.count
        slots = (0..<Int32(count)).map { $0 }
        successors = slots
        neighbours = [[Int32]](repeating: [], count: count)
        for (a, b) in graph.pairs {
            neighbours[Int(a)].append(b)
            neighbours[Int(b)].append(a)
        }
    }

    private mutating func run(_ pairs: [(Int32, Int32)]) {
        candidates = pairs
        heap = Heap(pairs.indices.map { key(similarity(pairs[$0].0, pairs[$0].1), candidate: $0) })
        var seenBy = [Int32](repeating: -1, count: 2 * sizes.count)
        while let top = heap.popMax() {
            let (a, b) = candidates[Int(~UInt32(truncatingIfNeeded: top))]
            if successors[Int(a)] != a || successors[Int(b)] != b { continue }
            merge(a, b, &seenBy)
        }
    }

    /// Orders by similarity, then by smaller candidate number. No similarity is negative, so their bits are
    /// in order.
    private func key(_ similarity: Float, candidate: Int) -> UInt64 {
        UInt64(similarity.bitPattern) << 32 | UInt64(~UInt32(truncatingIfNeeded: candidate))
    }

    private mutating func merge(_ a: Int32, _ b: Int32, _ seenBy: inout [Int32]) {
        let (slotA, slotB) = (Int(slots[Int(a)]), Int(slots[Int(b)]))
        mergeHistograms(slotA, slotB)
        sizes[slotA] += sizes[slotB]
        let merged = Int32(rectangles.count)
        rectangles.append(rectangles[Int(a)].union(rectangles[Int(b)]))
        slots.append(Int32(slotA))
        successors.append(merged)
        successors[Int(a)] = merged
        successors[Int(b)] = merged

        var around: [Int32] = []
        seenBy[Int(merged)] = merged
        for list in [neighbours[slotA], neighbours[slotB]] {
            for old in list {
                let other = successor(of: old)
                if seenBy[Int(other)] == merged { continue }
                seenBy[Int(other)] = merged
                around.append(other)
                heap.insert(key(similarity(merged, other), candidate: candidates.count))
                candidates.append((merged, other))
            }
        }
        neighbours[slotA] = around
        neighbours[slotB] = []
    }

    private mutating func successor(of region: Int32) -> Int32 {
        var region = Int(region)
        while Int(successors[region]) != region {
            successors[region] = successors[Int(successors[region])]
            region = Int(successors[region])
        }
        return Int32(region)
    }

    private func similarity(_ a: Int32, _ b: Int32) -> Float {
        let (slotA, slotB) = (Int(slots[Int(a)]), Int(slots[Int(b)]))
        let size = Int(sizes[slotA]) + Int(sizes[slotB])
        var sum: Float = 0
        if similarity.contains(.size) { sum += 1 - Float(size) * imageScale }
        if similarity.contains(.fill) {
            let gap = rectangles[Int(a)].union(rectangles[Int(b)]).area - size
            sum += 1 - Float(gap) * imageScale
        }
        if !histogramRange.isEmpty { sum += intersection(slotA, slotB) }
        // Rounding may leave a region that fills the image a hair below zero.
        return max(sum, 0)
    }

    private func intersection(_ slotA: Int, _ slotB: Int) -> Float {
        histograms.withUnsafeBufferPointer { rows in
            var total = RegionHistograms.Vector.zero
            let (rowA, rowB) = (slotA * rowCount, slotB * rowCount)
            for i in histogramRange {
                let (x, y) = (rows[rowA + i], rows[rowB + i])
                total += x.replacing(with: y, where: y .< x)
            }
            return total.sum()
        }
    }

    /// The merged region's histogram, weighted by size, into the first slot.
    private mutating func mergeHistograms(_ slotA: Int, _ slotB: Int) {
        if histogramRange.isEmpty { return }
        let (sizeA, sizeB) = (Float(sizes[slotA]), Float(sizes[slotB]))
        let (shareA, shareB) = (sizeA / (sizeA + sizeB), sizeB / (sizeA + sizeB))
        let (rowA, rowB) = (slotA * rowCount, slotB * rowCount)
        histograms.withUnsafeMutableBufferPointer { rows in
            for i in histogramRange {
                rows[rowA + i] = rows[rowA + i] * shareA + rows[rowB + i] * shareB
            }
        }
    }
}
