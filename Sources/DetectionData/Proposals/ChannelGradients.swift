/// Scharr derivatives of one channel and their quantisation.
struct ChannelGradients {
    /// 16 * 255 along x or y, twice that along a diagonal.
    private static let largest = 8160

    private var horizontal: [Int16]
    private var vertical: [Int16]

    init(pixelCount: Int) {
        horizontal = [Int16](repeating: 0, count: pixelCount)
        vertical = horizontal
    }

    /// Borders are mirrored without repeating the outermost pixel.
    mutating func compute(_ plane: UnsafePointer<UInt8>, width: Int, height: Int) {
        // One column more on either side.
        var smooth = [Int16](repeating: 0, count: width + 2)
        var difference = smooth
        let (leftmost, rightmost) = (ColourPlanes.mirrored(-1, width), ColourPlanes.mirrored(width, width))
        horizontal.withUnsafeMutableBufferPointer { horizontal in
            vertical.withUnsafeMutableBufferPointer { vertical in
                smooth.withUnsafeMutableBufferPointer { smooth in
                    difference.withUnsafeMutableBufferPointer { difference in
                        for y in 0..<height {
                            let row = plane + y * width
                            let above = plane + ColourPlanes.mirrored(y - 1, height) * width
                            let below = plane + ColourPlanes.mirrored(y + 1, height) * width
                            for x in 0..<width {
                                let (a, b) = (Int16(above[x]), Int16(below[x]))
                                smooth[x + 1] = (a &+ b) &* 3 &+ Int16(row[x]) &* 10
                                difference[x + 1] = b &- a
                            }
                            (smooth[0], smooth[width + 1]) = (smooth[leftmost + 1], smooth[rightmost + 1])
                            (difference[0], difference[width + 1]) =
                                (difference[leftmost + 1], difference[rightmost + 1])
                            let to = y * width
                            for x in 0..<width {
                                horizontal[to + x] = smooth[x + 2] &- smooth[x]
                                vertical[to + x] =
                                    (difference[x] &+ difference[x + 2]) &* 3 &+ difference[x + 1] &* 10
                            }
                        }
                    }
                }
            }
        }
    }

    /// Writes the four axes' bins as four bytes in a row, `pixelStride` bytes from pixel to pixel.
    func writeBins(to out: UnsafeMutablePointer<UInt8>, pixelStride: Int) {
        let zero = Self.largest
        let length = 2 * Self.largest + 1
        let tables = ranges().flatMap(Self.table)
        horizontal.withUnsafeBufferPointer { horizontal in
            vertical.withUnsafeBufferPointer { vertical in
                tables.withUnsafeBufferPointer { tables in
                    for i in 0..<horizontal.count {
                        let (gx, gy) = (Int(horizontal[i]), Int(vertical[i]))
                        let bytes = out + i &* pixelStride
                        bytes[0] = tables[zero &+ gx]
                        bytes[1] = tables[length &+ zero &+ gy]
                        bytes[2] = tables[2 &* length &+ zero &+ gx &+ gy]
                        bytes[3] = tables[3 &* length &+ zero &+ gx &- gy]
                    }
                }
            }
        }
    }

    /// Smallest and largest value along x, y, x + y and x - y, 0 included.
    private func ranges() -> [(low: Int16, high: Int16)] {
        horizontal.withUnsafeBufferPointer { horizontal in
            vertical.withUnsafeBufferPointer { vertical in
                var (l0, l1, l2, l3) = (Int16(0), Int16(0), Int16(0), Int16(0))
                var (h0, h1, h2, h3) = (Int16(0), Int16(0), Int16(0), Int16(0))
                for i in 0..<horizontal.count {
                    let (gx, gy) = (horizontal[i], vertical[i])
                    (l0, h0) = (min(l0, gx), max(h0, gx))
                    (l1, h1) = (min(l1, gy), max(h1, gy))
                    (l2, h2) = (min(l2, gx &+ gy), max(h2, gx &+ gy))
                    (l3, h3) = (min(l3, gx &- gy), max(h3, gx &- gy))
                }
                return [(l0, h0), (l1, h1), (l2, h2), (l3, h3)]
            }
        }
    }

    /// The bin of every value in the range: each sign is stretched over 0...255, zero at the lower end for
    /// gradients above it and at the upper end for those below, and cut into ten.
    private static func table(_ range: (low: Int16, high: Int16)) -> [UInt8] {
        var table = [UInt8](repeating: 0, count: 2 * largest + 1)
        let bins = PixelBins.textureBinCount
        func bin(_ share: Float) -> UInt8 { UInt8(Int((share * 255).rounded()) * bins / 256) }
        for value in stride(from: 1, through: Int(range.high), by: 1) {
            table[largest + value] = bin(Float(value) / Float(range.high))
        }
        for value in Int(range.low)..<0 {
            table[largest + value] = UInt8(bins) + bin(1 - Float(value) / Float(range.low))
        }
        return table
    }
}
