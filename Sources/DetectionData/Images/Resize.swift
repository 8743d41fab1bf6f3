/// Scaling of 8-bit images, bit for bit what OpenCV's `resize` gives.
package enum Resize {
    /// Bilinear interpolation between pixel centres, without antialiasing: `INTER_LINEAR` of OpenCV 4 and 5.
    ///
    /// Output pixel `i` lies at `(i + 0.5) * scale - 0.5`. Weights have 11 fractional bits. A row scaled
    /// across is kept with 7 of them; two rows are mixed as `((b0 * r0 >> 16) + (b1 * r1 >> 16) + 2) >> 2`.
    /// - Source: the arithmetic of OpenCV's vector code, measured on its output; its documents do not give
    ///   it.
    /// - extent: the size of the picture in pixels of `image`, from its top left corner, where that is not a whole
    ///   number: a picture of 7 pixels decoded at a half is 3.5 wide, in an image of 4. Nil for all of the image.
    package static func bilinear(
        _ image: Image, width: Int, height: Int, extent: (width: Double, height: Double)? = nil
    ) -> Image {
        precondition(width > 0 && height > 0, "resize to \(width)x\(height)")
        precondition(
            image.width > 0 && image.height > 0, "resize of an image of \(image.width)x\(image.height)")
        let extent = extent ?? (Double(image.width), Double(image.height))
        if Double(width) == extent.width && Double(height) == extent.height
            && width == image.width && height == image.height { return image }
        let columns = columnTaps(from: image.width, scale: scale(from: extent.width, to: width), to: width)
        let rows = rowTaps(from: image.height, scale: scale(from: extent.height, to: height), to: height)
        return Image(
            width: width, height: height,
            filling: { out, source in
                columns.withUnsafeBufferPointer { columns in
                    fill(out, from: source, sourceRowBytes: image.width * 3, columns: columns, rows: rows)
                }
            }, from: image)
    }

    /// The two neighbours of an output pixel along one axis, and their weights, which sum to about 2048.
    private struct Tap {
        var first: Int32
        var second: Int32
        var firstWeight: Int32
        var secondWeight: Int32
    }

    private static let one: Float = 2048

    private static func position(_ index: Int, scale: Double) -> (cell: Int, fraction: Float) {
        let centre = Float((Double(index) + 0.5) * scale - 0.5)
        let cell = centre.rounded(.down)
        return (Int(cell), centre - cell)
    }

    private static func scale(from source: Double, to target: Int) -> Double {
        1 / (Double(target) / source)
    }

    private static func weight(_ fraction: Float) -> Int32 {
        Int32((fraction * one).rounded(.toNearestOrEven))
    }

    /// Offsets in bytes. At the edges the outer neighbour's weight goes to the inner one.
    private static func columnTaps(from source: Int, scale: Double, to target: Int) -> [Tap] {
        (0..<target).map { index in
            var (cell, fraction) = position(index, scale: scale)
            if cell < 0 { (cell, fraction) = (0, 0) }
            if cell >= source - 1 { (cell, fraction) = (source - 1, 0) }
            return Tap(
                first: Int32(cell * 3), second: Int32(min(cell + 1, source - 1) * 3),
                firstWeight: weight(1 - fraction), secondWeight: weight(fraction))
        }
    }

    /// Row numbers. At the edges both neighbours are the same row, and the weights stay: the truncation of
    /// their two products is part of the result.
    private static func rowTaps(from source: Int, scale: Double, to target: Int) -> [Tap] {
        (0..<target).map { index in
            let (cell, fraction) = position(index, scale: scale)
            return Tap(
                first: Int32(min(max(cell, 0), source - 1)), second: Int32(min(max(cell + 1, 0), source - 1)),
                firstWeight: weight(1 - fraction), secondWeight: weight(fraction))
        }
    }

    private static func fill(
        _ out: UnsafeMutablePointer<UInt8>, from source: UnsafePointer<UInt8>, sourceRowBytes: Int,
        columns: UnsafeBufferPointer<Tap>, rows: [Tap]
    ) {
        let valueCount = columns.count * 3
        // The two source rows in use, already scaled across; going down, the lower one becomes the upper one.
        let scratch = UnsafeMutablePointer<Int16>.allocate(capacity: valueCount * 2)
        defer { scratch.deallocate() }
        var (upper, lower) = (scratch, scratch + valueCount)
        var (upperRow, lowerRow): (Int32, Int32) = (-1, -1)
        for (y, tap) in rows.enumerated() {
            if upperRow != tap.first {
                if lowerRow == tap.first {
                    swap(&upper, &lower)
                    swap(&upperRow, &lowerRow)
                } else {
                    scaleAcross(source + Int(tap.first) * sourceRowBytes, to: upper, columns)
                    upperRow = tap.first
                }
            }
            if tap.second != tap.first && lowerRow != tap.second {
                scaleAcross(source + Int(tap.second) * sourceRowBytes, to: lower, columns)
                lowerRow = tap.second
            }
            mix(
                upper, tap.firstWeight, tap.second == tap.first ? upper : lower,
                tap.secondWeight,
                to: out + y * valueCount, count: valueCount)
        }
    }

    private static func scaleAcross(
        _ source: UnsafePointer<UInt8>, to row: UnsafeMutablePointer<Int16>,
        _ columns: UnsafeBufferPointer<Tap>
    ) {
        var out = row
        for tap in columns {
            let (first, second) = (source + Int(tap.first), source + Int(tap.second))
            for channel in 0..<3 {
                let sum =
                    Int32(first[channel]) &* tap.firstWeight &+ Int32(second[channel]) &* tap.secondWeight
                out[channel] = Int16(truncatingIfNeeded: sum &>> 4)
            }
            out += 3
        }
    }

    /// Eight values at a time: a loop over single ones is widened to 32 bits by the compiler and eight times
    /// slower, where this takes one instruction for the upper halves of eight products.
    private static func mix(
        _ upper: UnsafePointer<Int16>, _ upperWeight: Int32, _ lower: UnsafePointer<Int16>,
        _ lowerWeight: Int32, to out: UnsafeMutablePointer<UInt8>, count: Int
    ) {
        let upperWeights = SIMD8(repeating: upperWeight)
        let lowerWeights = SIMD8(repeating: lowerWeight)
        let (upperBytes, lowerBytes) = (UnsafeRawPointer(upper), UnsafeRawPointer(lower))
        var i = 0
        while i + 8 <= count {
            let a = upperBytes.loadUnaligned(fromByteOffset: i * 2, as: SIMD8<Int16>.self)
            let b = lowerBytes.loadUnaligned(fromByteOffset: i * 2, as: SIMD8<Int16>.self)
            let sum = upperHalf(a, upperWeights) &+ upperHalf(b, lowerWeights) &+ 2
            UnsafeMutableRawPointer(out).storeBytes(
                of: SIMD8<UInt8>(truncatingIfNeeded: sum &>> 2), toByteOffset: i, as: SIMD8<UInt8>.self)
            i += 8
        }
        while i < count {
            let a = (Int32(upper[i]) &* upperWeight) &>> 16
            let b = (Int32(lower[i]) &* lowerWeight) &>> 16
            out[i] = UInt8(truncatingIfNeeded: (a &+ b &+ 2) &>> 2)
            i += 1
        }
    }

    private static func upperHalf(_ values: SIMD8<Int16>, _ weights: SIMD8<Int32>) -> SIMD8<Int16> {
        SIMD8(truncatingIfNeeded: (SIMD8<Int32>(truncatingIfNeeded: values) &* weights) &>> 16)
    }
}
