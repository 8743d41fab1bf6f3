internal import Foundation

/// The graph segmentation of scikit-image's `felzenszwalb` in double precision, with a stable order of edges.
/// - Source: Felzenszwalb and Huttenlocher, IJCV 2004; `skimage/segmentation/_felzenszwalb_cy.pyx`.
struct SoCoSegmentation {
    let scale: Double
    let sigma: Double
    let minimumSize: Int

    /// An edge: its weight's bits, which are in the order of weights as none is negative, and its place in the list.
    private struct Edge {
        var weight: UInt64
        var first: Int32
        var second: Int32
    }

    func callAsFunction(_ image: Image) -> LabelMap {
        let (width, height) = (image.width, image.height)
        let edges = Self.sorted(edges(smoothed(image), width, height))
        var sets = DisjointPixels(count: width * height)
        var inner = [Double](repeating: 0, count: width * height)
        let share = scale / 255
        for edge in edges {
            let (a, b) = (sets.root(Int(edge.first)), sets.root(Int(edge.second)))
            if a == b { continue }
            let weight = Double(bitPattern: edge.weight)
            // Rounded to single precision, as in the source.
            let limit = min(
                Float(inner[a] + share / Double(sets.size(a))), Float(inner[b] + share / Double(sets.size(b)))
            )
            if weight < Double(limit) { inner[sets.join(a, b)] = weight }
        }
        for edge in edges {
            let (a, b) = (sets.root(Int(edge.first)), sets.root(Int(edge.second)))
            if a != b && (sets.size(a) < minimumSize || sets.size(b) < minimumSize) { _ = sets.join(a, b) }
        }
        let (labels, count) = sets.labels()
        return LabelMap(width: width, height: height, regionCount: count, labels: labels)
    }

    /// [H, W, 3] samples in 0...1 under a Gaussian that is cut at 4 sigma and mirrored with the outermost pixel repeated,
    /// columns before rows.
    private func smoothed(_ image: Image) -> [Double] {
        let (width, height) = (image.width, image.height)
        let samples = image.pixels.map { Double($0) * (1 / 255.0) }
        let radius = Int(4 * sigma + 0.5)
        let raw = (0...radius).map { exp(-0.5 / (sigma * sigma) * Double($0 * $0)) }
        // The kernel's sum is taken over both sides in order, as a different order may round differently.
        let sum = ((1...max(radius, 1)).reversed().map { raw[$0] } + raw).reduce(0, +)
        let weights = raw.map { $0 / sum }
        let columns = Self.filtered(
            samples, weights, lineLength: height, lineStride: width * 3, lines: 0..<width * 3,
            lineOffset: { $0 })
        return Self.filtered(
            columns, weights, lineLength: width, lineStride: 3, lines: 0..<height * 3,
            lineOffset: { $0 / 3 * width * 3 + $0 % 3 })
    }

    private static func filtered(
        _ source: [Double], _ weights: [Double], lineLength: Int, lineStride: Int, lines: Range<Int>,
        lineOffset: (Int) -> Int
    ) -> [Double] {
        let radius = weights.count - 1
        var line = [Double](repeating: 0, count: lineLength + 2 * radius)
        // The neighbour that stands in for each place beyond the ends.
        let places = (-radius..<lineLength + radius).map { mirrored($0, lineLength) }
        return [Double](unsafeUninitializedCapacity: source.count) { out, count in
            count = source.count
            source.withUnsafeBufferPointer { source in
                for number in lines {
                    let offset = lineOffset(number)
                    for (i, place) in places.enumerated() { line[i] = source[offset + place * lineStride] }
                    line.withUnsafeBufferPointer { line in
                        for x in 0..<lineLength {
                            let centre = x &+ radius
                            var sum = line[centre] * weights[0]
                            for t in stride(from: radius, to: 0, by: -1) {
                                sum += (line[centre &- t] + line[centre &+ t]) * weights[t]
                            }
                            out[offset + x &* lineStride] = sum
                        }
                    }
                }
            }
        }
    }

    private static func mirrored(_ i: Int, _ count: Int) -> Int {
        let period = 2 * count
        let position = ((i % period) + period) % period
        return min(position, period - 1 - position)
    }

    /// All edges to the right, then all downwards, to the lower right and to the upper right, each in raster order.
    private func edges(_ samples: [Double], _ width: Int, _ height: Int) -> [Edge] {
        var edges: [Edge] = []
        edges.reserveCapacity(4 * width * height)
        samples.withUnsafeBufferPointer { samples in
            func add(_ first: Int, _ second: Int) {
                let (r, g, b) = (
                    samples[3 * second] - samples[3 * first],
                    samples[3 * second + 1] - samples[3 * first + 1],
                    samples[3 * second + 2] - samples[3 * first + 2]
                )
                let weight = (r * r + g * g + b * b).squareRoot()
                edges.append(Edge(weight: weight.bitPattern, first: Int32(first), second: Int32(second)))
            }
            for y in 0..<height { for x in 0..<width - 1 { add(y * width + x, y * width + x + 1) } }
            for y in 0..<height - 1 { for x in 0..<width { add(y * width + x, (y + 1) * width + x) } }
            for y in 0..<height - 1 { for x in 0..<width - 1 { add(y * width + x, (y + 1) * width + x + 1) } }
            for y in 0..<height - 1 { for x in 0..<width - 1 { add(y * width + x + 1, (y + 1) * width + x) } }
        }
        return edges
    }

    /// By weight, edges of equal weight in their order: four counting passes over 16 bits each.
    private static func sorted(_ edges: [Edge]) -> [Edge] {
        var from = edges
        var to = edges
        for shift: UInt64 in [0, 16, 32, 48] {
            var next = [Int](repeating: 0, count: 1 << 16)
            for edge in from { next[Int(truncatingIfNeeded: edge.weight >> shift) & 0xFFFF] += 1 }
            var total = 0
            for digit in next.indices { (next[digit], total) = (total, total + next[digit]) }
            for edge in from {
                let digit = Int(truncatingIfNeeded: edge.weight >> shift) & 0xFFFF
                to[next[digit]] = edge
                next[digit] += 1
            }
            swap(&from, &to)
        }
        return from
    }
}
