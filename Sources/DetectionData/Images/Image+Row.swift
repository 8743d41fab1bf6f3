extension Image {
    /// Pictures side by side, tops aligned, with a strip of white between them; what is below a lower one is white.
    package static func row(_ images: [Image]) -> Image {
        precondition(!images.isEmpty, "a row of no images")
        let gap = 8
        let width = images.reduce(gap * (images.count - 1)) { $0 + $1.width }
        let height = images.map(\.height).max() ?? 0
        var pixels = [UInt8](repeating: 255, count: width * height * 3)
        var left = 0
        for image in images {
            for y in 0..<image.height {
                let target = (y * width + left) * 3
                pixels.replaceSubrange(
                    target..<target + image.width * 3,
                    with: image.pixels[y * image.width * 3..<(y + 1) * image.width * 3])
            }
            left += image.width + gap
        }
        return Image(width: width, height: height, pixels: pixels)
    }
}
