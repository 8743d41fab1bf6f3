/// A region of SoCo's grouping: where it lies and how it looks.
struct SoCoRegion {
    static let valueBinCount = 25
    static let textureBinCount = 10

    var rectangle: PixelRectangle
    /// In pixels.
    var size: Int
    /// Of the largest of R, G and B, as a share of the region. The source also has hue and saturation, which it cuts into
    /// bins of 0...255 though they end at 1: all of them fall into the first bin.
    var values: [Double]
    /// Of the pattern codes of R, G and B in turn, as shares.
    var texture: [Double]

    /// The regions of a segmentation, in the order of their labels.
    static func regions(of image: Image, _ map: LabelMap) -> [SoCoRegion] {
        let textureLength = 3 * textureBinCount
        var values = [Int](repeating: 0, count: map.regionCount * valueBinCount)
        var texture = [Int](repeating: 0, count: map.regionCount * textureLength)
        var sizes = [Int](repeating: 0, count: map.regionCount)
        let codes = (0..<3).map { LocalPatterns(image, channel: $0).codes() }
        for pixel in map.labels.indices {
            let label = Int(map.labels[pixel])
            let (r, g, b) = (
                image.pixels[3 * pixel], image.pixels[3 * pixel + 1], image.pixels[3 * pixel + 2]
            )
            values[label * valueBinCount + bin(max(r, g, b), of: valueBinCount)] += 1
            for channel in 0..<3 {
                let place = channel * textureBinCount + bin(codes[channel][pixel], of: textureBinCount)
                texture[label * textureLength + place] += 1
            }
            sizes[label] += 1
        }
        let rectangles = RegionGraph(map).rectangles
        return (0..<map.regionCount).map { label in
            let size = Double(sizes[label])
            return SoCoRegion(
                rectangle: rectangles[label], size: sizes[label],
                values: values[label * valueBinCount..<(label + 1) * valueBinCount].map { Double($0) / size },
                texture: texture[label * textureLength..<(label + 1) * textureLength].map {
                    Double($0) / size
                })
        }
    }

    /// The bin of a byte among `count` of equal width over 0...255, 255 in the last.
    private static func bin(_ byte: UInt8, of count: Int) -> Int { min(Int(byte) * count / 255, count - 1) }

    /// Colour, texture, size and fill, added up.
    func similarity(_ other: SoCoRegion, imageSize: Double) -> Double {
        // Hue and saturation always agree.
        let colour = zip(values, other.values).reduce(2) { $0 + min($1.0, $1.1) }
        let pattern = zip(texture, other.texture).reduce(0) { $0 + min($1.0, $1.1) }
        let together = Double(size + other.size)
        let union = rectangle.union(other.rectangle)
        let box = Double(Int(union.maxX - union.minX) * Int(union.maxY - union.minY))
        return colour + pattern + (1 - together / imageSize)
            + (1 - (box - Double(size) - Double(other.size)) / imageSize)
    }

    func merged(_ other: SoCoRegion) -> SoCoRegion {
        let (a, b) = (Double(size), Double(other.size))
        func mix(_ x: [Double], _ y: [Double]) -> [Double] { zip(x, y).map { ($0 * a + $1 * b) / (a + b) } }
        return SoCoRegion(
            rectangle: rectangle.union(other.rectangle), size: size + other.size,
            values: mix(values, other.values),
            texture: mix(texture, other.texture))
    }

    /// Whether a corner of the other's rectangle lies strictly inside this one's: the source's test for neighbours.
    func holdsCorner(of other: SoCoRegion) -> Bool {
        let (a, b) = (rectangle, other.rectangle)
        func isInside(_ x: Int32, _ y: Int32) -> Bool { a.minX < x && x < a.maxX && a.minY < y && y < a.maxY }
        return isInside(b.minX, b.minY) || isInside(b.maxX, b.maxY) || isInside(b.minX, b.maxY)
            || isInside(b.maxX, b.minY)
    }
}
