/// Operations that mix the image with a version of itself.
extension Image {
    /// Luma of ITU-R BT.601 with 16 fractional bits, rounded.
    private static func grey(_ red: UInt8, _ green: UInt8, _ blue: UInt8) -> Int {
        (19595 &* Int(red) &+ 38470 &* Int(green) &+ 7471 &* Int(blue) &+ 32768) &>> 16
    }

    /// The mean of the grey picture, rounded to nearest; not of an empty image.
    func meanGrey() -> UInt8 {
        var sum = 0
        pixels.withUnsafeBufferPointer { pixels in
            for i in stride(from: 0, to: pixels.count, by: 3) {
                sum &+= Self.grey(pixels[i], pixels[i + 1], pixels[i + 2])
            }
        }
        return UInt8(Double(sum) / Double(pixels.count / 3) + 0.5)
    }

    /// `ColorOp.mix` of every pair, base major: a lookup is faster than the conversions to and from single
    /// precision.
    private static func mixTable(_ factor: Float) -> [UInt8] {
        [UInt8](unsafeUninitializedCapacity: 1 << 16) { table, count in
            for base in UInt8.min...UInt8.max {
                for value in UInt8.min...UInt8.max {
                    table[Int(base) << 8 | Int(value)] = ColorOp.mix(base, value, factor)
                }
            }
            count = 1 << 16
        }
    }

    mutating func mixWithGrey(_ factor: Float) {
        Self.mixTable(factor).withUnsafeBufferPointer { table in
            pixels.withUnsafeMutableBufferPointer { pixels in
                for i in stride(from: 0, to: pixels.count, by: 3) {
                    let row = Self.grey(pixels[i], pixels[i + 1], pixels[i + 2]) << 8
                    pixels[i] = table[row | Int(pixels[i])]
                    pixels[i + 1] = table[row | Int(pixels[i + 1])]
                    pixels[i + 2] = table[row | Int(pixels[i + 2])]
                }
            }
        }
    }

    /// Smoothing: the sum of the 3 x 3 neighbourhood with the centre five times, over 13, rounded to nearest.
    /// The outermost pixels stay, and so does an image without an inside.
    mutating func mixWithSmoothed(_ factor: Float) {
        guard width >= 3, height >= 3 else { return }
        let source = pixels
        let rowBytes = width * 3
        let inside = 3..<rowBytes - 3
        let smoothed = UnsafeMutablePointer<UInt8>.allocate(capacity: rowBytes)
        defer { smoothed.deallocate() }
        Self.mixTable(factor).withUnsafeBufferPointer { table in
            source.withUnsafeBufferPointer { source in
                pixels.withUnsafeMutableBufferPointer { pixels in
                    guard let source = source.baseAddress, let pixels = pixels.baseAddress else { return }
                    for y in 1..<height - 1 {
                        let row = source + y * rowBytes
                        Self.smooth(row, rowBytes, inside, to: smoothed)
                        let out = pixels + y * rowBytes
                        for i in inside { out[i] = table[Int(smoothed[i]) << 8 | Int(row[i])] }
                    }
                }
            }
        }
    }

    private static func smooth(
        _ row: UnsafePointer<UInt8>, _ rowBytes: Int, _ inside: Range<Int>,
        to out: UnsafeMutablePointer<UInt8>
    ) {
        let (above, below) = (row - rowBytes, row + rowBytes)
        for i in inside {
            var sum = UInt16(above[i - 3]) &+ UInt16(above[i]) &+ UInt16(above[i + 3])
            sum &+= UInt16(row[i - 3]) &+ 5 &* UInt16(row[i]) &+ UInt16(row[i + 3])
            sum &+= UInt16(below[i - 3]) &+ UInt16(below[i]) &+ UInt16(below[i + 3])
            out[i] = UInt8(truncatingIfNeeded: (2 &* sum &+ 13) / 26)
        }
    }
}
