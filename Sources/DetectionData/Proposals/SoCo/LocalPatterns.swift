/// Local binary patterns of one channel: which of 8 neighbours at distance 1 are no darker than the pixel.
///
/// Neighbours off the axes are interpolated; what lies outside counts as 0. The positions' rounding is part of the result:
/// on an even surface it decides the comparison.
/// - Source: Ojala et al., PAMI 2002; scikit-image, `local_binary_pattern` of method "default".
struct LocalPatterns {
    /// Rows and columns between pixels where a diagonal neighbour lies, rounded to 5 digits as in the source.
    private static let diagonal = 0.70711
    private let width: Int
    private let height: Int
    private let plane: [Double]

    /// - channel: 0, 1 or 2.
    init(_ image: Image, channel: Int) {
        (width, height) = (image.width, image.height)
        plane = image.pixels.withUnsafeBufferPointer { pixels in
            (0..<image.width * image.height).map { Double(pixels[3 * $0 + channel]) }
        }
    }

    /// One code of 8 bits for each pixel, bit i for the neighbour at i eighths of a turn, upwards from the right.
    func codes() -> [UInt8] {
        let d = Self.diagonal
        let offsets: [(row: Double, column: Double)] = [
            (0, 1), (-d, d), (-1, 0), (-d, -d), (0, -1), (d, -d), (1, 0), (d, d),
        ]
        var codes = [UInt8](repeating: 0, count: plane.count)
        for (bit, offset) in offsets.enumerated() {
            let rows = Self.places(height, offset.row)
            let columns = Self.places(width, offset.column)
            for y in 0..<height {
                for x in 0..<width where interpolated(rows[y], columns[x]) - plane[y * width + x] >= 0 {
                    codes[y * width + x] |= 1 << UInt8(bit)
                }
            }
        }
        return codes
    }

    private struct Place {
        let low: Int
        let high: Int
        let fraction: Double
    }

    private static func places(_ count: Int, _ offset: Double) -> [Place] {
        (0..<count).map { i in
            let position = Double(i) + offset
            let low = position.rounded(.down)
            return Place(low: Int(low), high: Int(position.rounded(.up)), fraction: position - low)
        }
    }

    @inline(__always)
    private func sample(_ row: Int, _ column: Int) -> Double {
        row < 0 || row >= height || column < 0 || column >= width ? 0 : plane[row &* width &+ column]
    }

    @inline(__always)
    private func interpolated(_ row: Place, _ column: Place) -> Double {
        let (dr, dc) = (row.fraction, column.fraction)
        let top = (1 - dc) * sample(row.low, column.low) + dc * sample(row.low, column.high)
        let bottom = (1 - dc) * sample(row.high, column.low) + dc * sample(row.high, column.high)
        return (1 - dr) * top + dr * bottom
    }
}
