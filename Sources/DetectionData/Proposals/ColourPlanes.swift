/// An image's channels in one colour space, 8 bits each, one plane after the other.
struct ColourPlanes: Sendable {
    let width: Int
    let height: Int
    let channelCount: Int
    /// `channelCount * height * width` samples.
    let samples: [UInt8]

    var pixelCount: Int { width * height }

    /// Position `i` mirrored into 0..<count at the outermost positions, which are not repeated.
    static func mirrored(_ i: Int, _ count: Int) -> Int {
        guard count > 1 else { return 0 }
        let period = 2 * (count - 1)
        let position = ((i % period) + period) % period
        return min(position, period - position)
    }
}
