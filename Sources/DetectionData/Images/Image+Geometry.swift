extension Image {
    /// Mirrored left to right.
    package func flippedHorizontally() -> Image {
        Image(
            width: width, height: height,
            filling: { out, source in
                for y in 0..<height {
                    var from = source + y * width * 3
                    var to = out + (y + 1) * width * 3 - 3
                    for _ in 0..<width {
                        (to[0], to[1], to[2]) = (from[0], from[1], from[2])
                        from += 3
                        to -= 3
                    }
                }
            }, from: self)
    }

    /// Enlarged at the right and lower edge with black. Neither side may shrink.
    package func padded(toWidth newWidth: Int, height newHeight: Int) -> Image {
        precondition(
            newWidth >= width && newHeight >= height,
            "cannot pad \(width)x\(height) to \(newWidth)x\(newHeight)")
        if newWidth == width && newHeight == height { return self }
        return Image(
            width: newWidth, height: newHeight,
            filling: { out, source in
                let (rowBytes, newRowBytes) = (width * 3, newWidth * 3)
                for y in 0..<height {
                    let row = out + y * newRowBytes
                    row.update(from: source + y * rowBytes, count: rowBytes)
                    (row + rowBytes).update(repeating: 0, count: newRowBytes - rowBytes)
                }
                (out + height * newRowBytes).update(repeating: 0, count: (newHeight - height) * newRowBytes)
            }, from: self)
    }

    /// Enlarged at the right and lower edge with black until both sides are multiples of `divisor`.
    package func padded(toMultipleOf divisor: Int) -> Image {
        precondition(divisor > 0, "divisor \(divisor)")
        return padded(
            toWidth: (width + divisor - 1) / divisor * divisor,
            height: (height + divisor - 1) / divisor * divisor)
    }

    /// The part whose top left pixel is (`x`, `y`); it has to lie inside the image.
    package func cropped(x: Int, y: Int, width newWidth: Int, height newHeight: Int) -> Image {
        precondition(
            x >= 0 && y >= 0 && newWidth >= 0 && newHeight >= 0 && newWidth <= width - x
                && newHeight <= height - y,
            "crop \(newWidth)x\(newHeight)+\(x)+\(y) of \(width)x\(height)")
        return Image(
            width: newWidth, height: newHeight,
            filling: { out, source in
                for row in 0..<newHeight {
                    (out + row * newWidth * 3).update(
                        from: source + ((y + row) * width + x) * 3, count: newWidth * 3)
                }
            }, from: self)
    }

    /// Turned upright from the way `orientation` says it is stored.
    package func turned(_ orientation: EXIFOrientation) -> Image {
        if orientation == .upright { return self }
        let (newWidth, newHeight) = orientation.swapsSides ? (height, width) : (width, height)
        // Where the first pixel comes from, and the way through the source for a step right and a step down.
        let (right, bottom) = (width - 1, height - 1)
        let (x0, y0, right1, down1): (Int, Int, Int, Int) =
            switch orientation {
            case .upright: (0, 0, 1, width)
            case .mirrored: (right, 0, -1, width)
            case .halfTurn: (right, bottom, -1, -width)
            case .mirroredHalfTurn: (0, bottom, 1, -width)
            case .transposed: (0, 0, width, 1)
            case .quarterTurn: (0, bottom, -width, 1)
            case .transverse: (right, bottom, -width, -1)
            case .threeQuarterTurn: (right, 0, width, -1)
            }
        return Image(
            width: newWidth, height: newHeight,
            filling: { out, source in
                var to = out
                for y in 0..<newHeight {
                    var from = (y0 * width + x0 + y * down1) * 3
                    for _ in 0..<newWidth {
                        (to[0], to[1], to[2]) = (source[from], source[from + 1], source[from + 2])
                        to += 3
                        from += right1 * 3
                    }
                }
            }, from: self)
    }

    /// A new image whose every byte `fill` writes, reading the pixels of `source`.
    init(
        width: Int, height: Int,
        filling fill: (_ out: UnsafeMutablePointer<UInt8>, _ source: UnsafePointer<UInt8>) -> Void,
        from source: Image
    ) {
        let byteCount = width * height * 3
        let pixels = [UInt8](unsafeUninitializedCapacity: byteCount) { out, count in
            source.pixels.withUnsafeBufferPointer { bytes in
                if let to = out.baseAddress, let from = bytes.baseAddress, !bytes.isEmpty {
                    fill(to, from)
                } else {
                    out.initialize(repeating: 0)
                }
            }
            count = byteCount
        }
        self.init(width: width, height: height, pixels: pixels)
    }
}
