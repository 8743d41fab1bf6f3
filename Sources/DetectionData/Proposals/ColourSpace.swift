/// A colour space of selective search, every channel scaled to 8 bits.
///
/// - Source: Uijlings et al., IJCV 2013, table 3; scales as OpenCV's 8-bit conversions. Differs: Lab is
///   exact but for rounding, where OpenCV's is up to 1.6 levels off.
package enum ColourSpace: Sendable, CaseIterable {
    case rgb
    /// Hue in 0..<180 (2 degrees a level), saturation, value.
    case hsv
    /// CIE L*a*b* of sRGB under D65: L times 2.55, a and b shifted by 128.
    case lab
    /// The shares of red and green in R + G + B, and the intensity.
    case rgI
    /// The hue of `hsv` alone.
    case hue
    /// Luma, 0.299 R + 0.587 G + 0.114 B.
    case intensity

    var channelCount: Int {
        switch self {
        case .rgb, .hsv, .lab, .rgI: 3
        case .hue, .intensity: 1
        }
    }

    func planes(of image: Image) -> ColourPlanes {
        let pixelCount = image.width * image.height
        let samples = [UInt8](unsafeUninitializedCapacity: pixelCount * channelCount) { out, count in
            if let target = out.baseAddress {
                image.pixels.withUnsafeBufferPointer { pixels in
                    if let source = pixels.baseAddress { fill(target, from: source, pixelCount: pixelCount) }
                }
            }
            count = pixelCount * channelCount
        }
        return ColourPlanes(
            width: image.width, height: image.height, channelCount: channelCount, samples: samples)
    }

    private func fill(_ out: UnsafeMutablePointer<UInt8>, from pixels: UnsafePointer<UInt8>, pixelCount: Int)
    {
        switch self {
        case .rgb:
            for i in 0..<pixelCount {
                out[i] = pixels[3 * i]
                out[pixelCount + i] = pixels[3 * i + 1]
                out[2 * pixelCount + i] = pixels[3 * i + 2]
            }
        case .hsv: Self.fillHSV(out, from: pixels, pixelCount: pixelCount, onlyHue: false)
        case .hue: Self.fillHSV(out, from: pixels, pixelCount: pixelCount, onlyHue: true)
        case .lab: Self.fillLab(out, from: pixels, pixelCount: pixelCount)
        case .intensity:
            for i in 0..<pixelCount { out[i] = Self.luma(pixels + 3 * i) }
        case .rgI:
            for i in 0..<pixelCount {
                let (r, g, b) = (Int32(pixels[3 * i]), Int32(pixels[3 * i + 1]), Int32(pixels[3 * i + 2]))
                let sum = max(r &+ g &+ b, 1)
                out[i] = UInt8(truncatingIfNeeded: (r &* 510 &+ sum) / (2 &* sum))
                out[pixelCount + i] = UInt8(truncatingIfNeeded: (g &* 510 &+ sum) / (2 &* sum))
                out[2 * pixelCount + i] = Self.luma(pixels + 3 * i)
            }
        }
    }

    /// The weights in units of 2^-14.
    @inline(__always)
    private static func luma(_ pixel: UnsafePointer<UInt8>) -> UInt8 {
        let sum = Int32(pixel[0]) &* 4899 &+ Int32(pixel[1]) &* 9617 &+ Int32(pixel[2]) &* 1868
        return UInt8(truncatingIfNeeded: (sum &+ 8192) >> 14)
    }
}
