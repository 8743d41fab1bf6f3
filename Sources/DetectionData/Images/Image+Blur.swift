extension Image {
    /// Blurs as Pillow's `GaussianBlur(radius)`: three box blurs each way with the same variance, 8 bits between them.
    /// - radius: the standard deviation in pixels, 0 or more.
    /// - Source: arithmetic of Pillow 10 to 12 (`BoxBlur.c`); Gwosdek et al., "Theoretical foundations of Gaussian
    ///   convolution by extended box filtering", 2011.
    mutating func blur(radius: Float) {
        precondition(radius >= 0, "a blur of \(radius)")
        guard radius > 0, width > 0, height > 0 else { return }
        let box = BoxBlur(gaussianRadius: radius)
        var line: [UInt8] = []
        pixels.withUnsafeMutableBufferPointer { pixels in
            for y in 0..<height {
                for channel in 0..<3 {
                    box.apply(pixels, start: y * width * 3 + channel, stride: 3, count: width, &line)
                }
            }
            for i in 0..<width * 3 { box.apply(pixels, start: i, stride: width * 3, count: height, &line) }
        }
    }
}

/// A running mean whose two outermost pixels count in part.
private struct BoxBlur {
    private static let passes = 3
    private let radius: Int
    /// 24 fractional bits: of a whole pixel, and of the outermost.
    private let (whole, edge): (UInt32, UInt32)

    init(gaussianRadius: Float) {
        let variance = gaussianRadius * gaussianRadius / Float(Self.passes)
        let length = Float((12 * Double(variance) + 1).squareRoot())
        let half = ((length - 1) / 2).rounded(.down)
        var part = (2 * half + 1) * (half * (half + 1) - 3 * variance)
        part /= 6 * (variance - (half + 1) * (half + 1))
        let size = half + part
        radius = Int(size)
        whole = UInt32(Float(1 << 24) / (size * 2 + 1))
        edge = (UInt32(1 << 24) - UInt32(2 * radius + 1) * whole) / 2
    }

    /// All passes over one line of pixels.
    func apply(
        _ pixels: UnsafeMutableBufferPointer<UInt8>, start: Int, stride: Int, count: Int,
        _ line: inout [UInt8]
    ) {
        if line.count < count { line = [UInt8](repeating: 0, count: count) }
        for _ in 0..<Self.passes {
            for i in 0..<count { line[i] = pixels[start + i * stride] }
            func value(_ i: Int) -> UInt32 { UInt32(line[min(max(i, 0), count - 1)]) }
            var sum = (-radius...radius).reduce(UInt32(0)) { $0 + value($1) }
            for i in 0..<count {
                let mixed = sum &* whole &+ (value(i - radius - 1) + value(i + radius + 1)) &* edge
                pixels[start + i * stride] = UInt8(truncatingIfNeeded: (mixed &+ 1 << 23) >> 24)
                sum = sum &+ value(i + radius + 1) &- value(i - radius)
            }
        }
    }
}
