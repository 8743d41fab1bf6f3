/// An 8-bit RGB picture: rows from the top, pixels from the left, three interleaved bytes R, G, B.
package struct Image: Sendable, Equatable {
    package let width: Int
    package let height: Int
    /// `width * height * 3` bytes.
    package var pixels: [UInt8]

    package init(width: Int, height: Int, pixels: [UInt8]) {
        precondition(pixels.count == width * height * 3, "\(pixels.count) bytes for \(width)x\(height) RGB pixels")
        self.width = width
        self.height = height
        self.pixels = pixels
    }

    /// One colour everywhere, black unless told otherwise.
    package init(width: Int, height: Int, colour: (UInt8, UInt8, UInt8) = (0, 0, 0)) {
        var pixels = [UInt8](repeating: 0, count: width * height * 3)
        if colour != (0, 0, 0) {
            for i in stride(from: 0, to: pixels.count, by: 3) {
                (pixels[i], pixels[i + 1], pixels[i + 2]) = colour
            }
        }
        self.init(width: width, height: height, pixels: pixels)
    }
}
