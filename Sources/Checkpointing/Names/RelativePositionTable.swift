/// A Swin transformer's biases of attention: a row for each difference of places inside a window, a column a head.
struct RelativePositionTable {
    static let suffix = "relative_position_bias_table"

    private let entry: SafetensorsEntry
    /// Differences along each side: 2 window - 1.
    private let side: Int

    /// - Returns: `nil` for any other tensor.
    init?(_ entry: SafetensorsEntry) {
        let side = Int(Double(entry.shape.first ?? 0).squareRoot().rounded())
        guard entry.name.hasSuffix(Self.suffix), entry.shape.count == 2, side * side == entry.shape[0],
            side % 2 == 1
        else { return nil }
        (self.entry, self.side) = (entry, side)
    }

    /// The same for a window of another size, by bicubic interpolation between the centres of squares.
    /// - Returns: `nil` where `shape` has other heads or is no table.
    /// - Source: as the authors' and MMDetection's loaders: PyTorch's `interpolate`, bicubic, without aligned corners.
    func stretched(to shape: [Int]) -> SafetensorsEntry? {
        let wanted = Int(Double(shape.first ?? 0).squareRoot().rounded())
        guard shape.count == 2, shape[1] == entry.shape[1], wanted * wanted == shape[0], wanted % 2 == 1,
            let values = entry.floats()
        else { return nil }
        let heads = shape[1]
        let taps = (0..<wanted).map { Self.taps($0, from: side, to: wanted) }
        var result = [Float](repeating: 0, count: shape[0] * heads)
        for row in 0..<wanted {
            for column in 0..<wanted {
                for head in 0..<heads {
                    var sum = 0.0
                    for (y, v) in taps[row] {
                        for (x, w) in taps[column] {
                            sum += v * w * Double(values[(y * side + x) * heads + head])
                        }
                    }
                    result[(row * wanted + column) * heads + head] = Float(sum)
                }
            }
        }
        return SafetensorsEntry(name: entry.name, shape: shape, floats: result)
    }

    /// Places and weights of the four squares that one of `to` lies between; those beyond the edge are the edge's.
    private static func taps(_ place: Int, from: Int, to: Int) -> [(Int, Double)] {
        let centre = (Double(place) + 0.5) * Double(from) / Double(to) - 0.5
        let first = centre.rounded(.down)
        return (-1...2).map { i in
            let at = min(max(Int(first) + i, 0), from - 1)
            return (at, weight(abs(centre - first - Double(i))))
        }
    }

    /// Keys' cubic kernel with the slope that PyTorch and OpenCV use.
    private static func weight(_ x: Double) -> Double {
        let a = -0.75
        if x <= 1 { return ((a + 2) * x - (a + 3)) * x * x + 1 }
        return x < 2 ? ((a * x - 5 * a) * x + 8 * a) * x - 4 * a : 0
    }

    /// The row that each pair of places reads, which PyTorch's modules keep beside their table.
    /// - Returns: query by query, [places, places] or all in one axis, named as there.
    func places(axisCount: Int) -> SafetensorsEntry {
        let window = (side + 1) / 2
        let count = window * window
        var bytes: [UInt8] = []
        bytes.reserveCapacity(8 * count * count)
        for query in 0..<count {
            for key in 0..<count {
                let row = query / window - key / window + window - 1
                let place = Int64(row * side + query % window - key % window + window - 1)
                withUnsafeBytes(of: place.littleEndian) { bytes += $0 }
            }
        }
        return SafetensorsEntry(
            name: "relative_position_index", dtype: .int64,
            shape: axisCount == 1 ? [count * count] : [count, count],
            bytes: bytes[...])
    }
}
