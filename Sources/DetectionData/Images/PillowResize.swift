/// Scaling of 8-bit images, bit for bit what Pillow's `resize` with `BILINEAR` gives.
package enum PillowResize {
    /// Weights have this many fractional bits: 32 less 8 of the value and 2 to spare.
    private static let precision = 22

    /// A triangle as wide as an output pixel is in the source, and never narrower than two source pixels: shrinking
    /// averages, so nothing aliases.
    /// - box: the part of the picture that is scaled, in its pixels; nil for all of it.
    /// - Source: arithmetic of Pillow 10 to 12 (`Resample.c`): across first, then down, each rounded to 8 bits.
    package static func bilinear(
        _ image: Image, width: Int, height: Int,
        box: (x: Double, y: Double, width: Double, height: Double)? = nil
    ) -> Image {
        precondition(width > 0 && height > 0, "resize to \(width)x\(height)")
        let box = box ?? (0, 0, Double(image.width), Double(image.height))
        precondition(
            box.x >= 0 && box.y >= 0 && box.width > 0 && box.height > 0
                && box.x + box.width <= Double(image.width) && box.y + box.height <= Double(image.height),
            "a part \(box) of an image of \(image.width)x\(image.height)")
        var result = image
        if width != image.width || box.x != 0 || box.width != Double(width) {
            result = across(result, taps(image.width, from: box.x, extent: box.width, to: width))
        }
        if height != image.height || box.y != 0 || box.height != Double(height) {
            result = down(result, taps(image.height, from: box.y, extent: box.height, to: height))
        }
        return result
    }

    /// What one output pixel takes: neighbours from `first` on, and their weights.
    private struct Taps {
        var firsts: [Int] = []
        var starts: [Int] = [0]
        var weights: [Int32] = []
    }

    private static func taps(_ count: Int, from start: Double, extent: Double, to target: Int) -> Taps {
        let scale = extent / Double(target)
        let width = max(scale, 1)
        var taps = Taps()
        for i in 0..<target {
            let centre = start + (Double(i) + 0.5) * scale
            let first = max(0, Int(centre - width + 0.5))
            let last = min(count, Int(centre + width + 0.5))
            let raw = (first..<last).map { max(0, 1 - abs((Double($0) - centre + 0.5) * (1 / width))) }
            let sum = raw.reduce(0, +)
            taps.firsts.append(first)
            taps.weights += raw.map {
                Int32(0.5 + (sum != 0 ? $0 / sum : $0) * Double(1 << precision))
            }
            taps.starts.append(taps.weights.count)
        }
        return taps
    }

    @inline(__always)
    private static func rounded(_ sum: Int32) -> UInt8 {
        UInt8(truncatingIfNeeded: min(max(sum >> Int32(precision), 0), 255))
    }

    private static func across(_ image: Image, _ taps: Taps) -> Image {
        let target = taps.firsts.count
        var pixels = [UInt8](repeating: 0, count: target * image.height * 3)
        pixels.withUnsafeMutableBufferPointer { out in
            image.pixels.withUnsafeBufferPointer { source in
                taps.weights.withUnsafeBufferPointer { weights in
                    for y in 0..<image.height {
                        for x in 0..<target {
                            let (start, end) = (taps.starts[x], taps.starts[x + 1])
                            var from = (y * image.width + taps.firsts[x]) * 3
                            var sums = (
                                Int32(1 << (precision - 1)), Int32(1 << (precision - 1)),
                                Int32(1 << (precision - 1))
                            )
                            for k in start..<end {
                                let weight = weights[k]
                                sums.0 &+= Int32(source[from]) &* weight
                                sums.1 &+= Int32(source[from &+ 1]) &* weight
                                sums.2 &+= Int32(source[from &+ 2]) &* weight
                                from &+= 3
                            }
                            let to = (y * target + x) * 3
                            out[to] = rounded(sums.0)
                            out[to &+ 1] = rounded(sums.1)
                            out[to &+ 2] = rounded(sums.2)
                        }
                    }
                }
            }
        }
        return Image(width: target, height: image.height, pixels: pixels)
    }

    private static func down(_ image: Image, _ taps: Taps) -> Image {
        let (target, rowBytes) = (taps.firsts.count, image.width * 3)
        var pixels = [UInt8](repeating: 0, count: target * rowBytes)
        var sums = [Int32](repeating: 0, count: rowBytes)
        pixels.withUnsafeMutableBufferPointer { out in
            image.pixels.withUnsafeBufferPointer { source in
                sums.withUnsafeMutableBufferPointer { sums in
                    for y in 0..<target {
                        for i in 0..<rowBytes { sums[i] = 1 << Int32(precision - 1) }
                        for k in taps.starts[y]..<taps.starts[y + 1] {
                            let weight = taps.weights[k]
                            let row = (taps.firsts[y] + k - taps.starts[y]) * rowBytes
                            for i in 0..<rowBytes { sums[i] &+= Int32(source[row &+ i]) &* weight }
                        }
                        for i in 0..<rowBytes { out[y &* rowBytes &+ i] = rounded(sums[i]) }
                    }
                }
            }
        }
        return Image(width: image.width, height: target, pixels: pixels)
    }
}
