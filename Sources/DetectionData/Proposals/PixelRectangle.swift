/// A rectangle of whole pixels, both corners inside.
struct PixelRectangle: Sendable, Hashable {
    var minX: Int32
    var minY: Int32
    var maxX: Int32
    var maxY: Int32

    static let empty = PixelRectangle(minX: .max, minY: .max, maxX: .min, maxY: .min)

    func union(_ other: PixelRectangle) -> PixelRectangle {
        PixelRectangle(
            minX: min(minX, other.minX), minY: min(minY, other.minY), maxX: max(maxX, other.maxX),
            maxY: max(maxY, other.maxY))
    }

    var area: Int { (Int(maxX) &- Int(minX) &+ 1) &* (Int(maxY) &- Int(minY) &+ 1) }

    var box: Box { Box(x1: Float(minX), y1: Float(minY), x2: Float(maxX) + 1, y2: Float(maxY) + 1) }
}
