extension Image {
    /// Writes normalised rows, `[height, width, 3]`, into a caller's buffer and leaves what lies between them
    /// alone.
    /// - out: at least `(height - 1) * rowStride + width * 3` values.
    /// - rowStride: values from one row's start to the next, at least `width * 3`.
    package func normalized(
        into out: UnsafeMutableBufferPointer<Float>, rowStride: Int,
        by normalization: PixelNormalization = .imageNet
    ) {
        if pixels.isEmpty { return }
        let rowCount = width * 3
        precondition(
            rowStride >= rowCount && out.count >= (height - 1) * rowStride + rowCount,
            "\(out.count) values, stride \(rowStride), for \(width)x\(height) pixels")
        pixels.withUnsafeBufferPointer { pixels in
            normalization.table().withUnsafeBufferPointer { table in
                guard let source = pixels.baseAddress, let target = out.baseAddress,
                    let red = table.baseAddress
                else { return }
                let (green, blue) = (red + 256, red + 512)
                for y in 0..<height {
                    let (from, to) = (source + y * rowCount, target + y * rowStride)
                    for i in stride(from: 0, to: rowCount, by: 3) {
                        to[i] = red[Int(from[i])]
                        to[i + 1] = green[Int(from[i + 1])]
                        to[i + 2] = blue[Int(from[i + 2])]
                    }
                }
            }
        }
    }
}
