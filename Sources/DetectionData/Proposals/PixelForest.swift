/// Disjoint sets of pixels, one forest per scale ("lane"), the lanes of a pixel side by side in memory so
/// that one walk over the edges serves all of them.
final class PixelForest {
    private let pixelCount: Int
    private let scales: [Float]
    /// Nodes per pixel: one per scale, filled up to whole vectors.
    private let stride: Int
    /// Per node (pixel * stride + lane): the parent's node, or minus the size for a root.
    private let parents: UnsafeMutablePointer<Int32>
    /// Per root: heaviest edge inside plus scale / size, the weight up to which it still merges.
    private let limits: UnsafeMutablePointer<Float>

    /// - pixelCount: times the number of scales, rounded up to a multiple of 4, below 2^31.
    init(pixelCount: Int, scales: [Float]) {
        stride = (scales.count + 3) / 4 * 4
        let nodeCount = pixelCount * stride
        precondition(
            nodeCount <= Int(Int32.max), "\(pixelCount) pixels times \(scales.count) scales overflow Int32")
        (self.pixelCount, self.scales) = (pixelCount, scales)
        // Aligned to 16 bytes, as malloc's memory is.
        parents = .allocate(capacity: nodeCount)
        limits = .allocate(capacity: nodeCount)
        for pixel in 0..<pixelCount {
            for lane in 0..<stride {
                // Lanes without a scale have one common parent, so they never tell two pixels apart.
                (parents + pixel * stride + lane).initialize(to: lane < scales.count ? -1 : 0)
                (limits + pixel * stride + lane).initialize(to: lane < scales.count ? scales[lane] : 0)
            }
        }
    }

    deinit {
        parents.deallocate()
        limits.deallocate()
    }

    @inline(__always)
    private static func root(_ parents: UnsafeMutablePointer<Int32>, _ node: Int) -> Int {
        let parent = Int(parents[node])
        if parent < 0 { return node }
        let grandparent = Int(parents[parent])
        if grandparent < 0 { return parent }
        // Rarely deeper: find the root, then hang the node and its parent below it.
        var top = grandparent
        while parents[top] >= 0 { top = Int(parents[top]) }
        parents[node] = Int32(truncatingIfNeeded: top)
        parents[parent] = Int32(truncatingIfNeeded: top)
        return top
    }

    /// Joins two roots; the larger one (the first if equal) stays root.
    @inline(__always)
    private static func join(_ parents: UnsafeMutablePointer<Int32>, _ a: Int, _ b: Int) -> Int {
        let (kept, gone) = parents[a] <= parents[b] ? (a, b) : (b, a)
        parents[kept] &+= parents[gone]
        parents[gone] = Int32(truncatingIfNeeded: kept)
        return kept
    }

    func merge(along edges: GridEdges, minimumSize: Int) {
        // Edges refused while a side was too small; larger components stay separate for good.
        var refused = [[UInt32]](repeating: [], count: scales.count)
        let offsets = edges.pixelOffsets.map { $0 * stride }
        let smallest = Int32(clamping: -minimumSize)
        offsets.withUnsafeBufferPointer { offsets in
            walk(edges, offsets, smallest, &refused)
            for lane in scales.indices { mergeSmall(refused[lane], lane, offsets, smallest) }
        }
    }

    private func walk(
        _ edges: GridEdges, _ offsets: UnsafeBufferPointer<Int>, _ smallest: Int32,
        _ refused: inout [[UInt32]]
    ) {
        let (parents, limits, laneCount, stride) = (parents, limits, scales.count, stride)
        scales.withUnsafeBufferPointer { scales in
            edges.codes.withUnsafeBufferPointer { codes in
                for step in 0..<GridEdges.stepCount {
                    let weight = Float(step) / GridEdges.stepsPerLevel
                    for position in edges.starts[step]..<edges.starts[step + 1] {
                        let code = codes[position]
                        let first = Int(code >> 2) &* stride
                        let second = first &+ offsets[Int(code & 3)]
                        if haveSameParents(first, second) { continue }
                        for lane in 0..<laneCount {
                            let a = Self.root(parents, first &+ lane)
                            let b = Self.root(parents, second &+ lane)
                            if a == b { continue }
                            if weight <= limits[a] && weight <= limits[b] {
                                let kept = Self.join(parents, a, b)
                                limits[kept] = weight - scales[lane] / Float(parents[kept])
                            } else if parents[a] > smallest || parents[b] > smallest {
                                refused[lane].append(code)
                            }
                        }
                    }
                }
            }
        }
    }

    /// Whether both pixels hang below the same node in every lane: the cheap test that settles most edges.
    @inline(__always)
    private func haveSameParents(_ first: Int, _ second: Int) -> Bool {
        var difference = SIMD4<Int32>.zero
        for group in 0..<(stride >> 2) {
            let a = UnsafeRawPointer(parents + first).load(fromByteOffset: group &* 16, as: SIMD4<Int32>.self)
            let b = UnsafeRawPointer(parents + second).load(
                fromByteOffset: group &* 16, as: SIMD4<Int32>.self)
            difference |= (a ^ b) | (a & .init(repeating: .min))
        }
        return difference == .zero
    }

    private func mergeSmall(
        _ refused: [UInt32], _ lane: Int, _ offsets: UnsafeBufferPointer<Int>, _ smallest: Int32
    ) {
        for code in refused {
            let first = Int(code >> 2) &* stride &+ lane
            let a = Self.root(parents, first)
            let b = Self.root(parents, first &+ offsets[Int(code & 3)])
            if a != b && (parents[a] > smallest || parents[b] > smallest) { _ = Self.join(parents, a, b) }
        }
    }

    /// The lane's labels, numbered in raster order of their first pixels.
    func labels(lane: Int) -> (labels: [Int32], count: Int) {
        var labelOfRoot = [Int32](repeating: -1, count: pixelCount)
        var count: Int32 = 0
        let labels = [Int32](unsafeUninitializedCapacity: pixelCount) { out, initialized in
            labelOfRoot.withUnsafeMutableBufferPointer { labelOfRoot in
                var (lastRoot, lastLabel) = (-1, Int32(0))
                for pixel in 0..<pixelCount {
                    let root = Self.root(parents, pixel * stride + lane)
                    if root != lastRoot {
                        let owner = root / stride
                        if labelOfRoot[owner] < 0 {
                            labelOfRoot[owner] = count
                            count += 1
                        }
                        (lastRoot, lastLabel) = (root, labelOfRoot[owner])
                    }
                    out[pixel] = lastLabel
                }
            }
            initialized = pixelCount
        }
        return (labels, Int(count))
    }
}
