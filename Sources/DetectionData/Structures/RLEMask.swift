/// Which pixels of a picture belong to an object, as lengths of runs down its columns, column after column.
///
/// The first run is of pixels outside, and may be 0; runs alternate from there. Together they cover the picture.
/// - Source: the COCO interface's run-length encoding.
package struct RLEMask: Sendable, Equatable {
    /// The most pixels that files may give a mask along a side, so that a run has 32 bits.
    package static let longestSide = 65_535

    package let width: Int
    package let height: Int
    package let counts: [UInt32]

    /// - Precondition: the counts add up to `width * height`.
    package init(width: Int, height: Int, counts: [UInt32]) {
        precondition(
            counts.reduce(0) { $0 + Int($1) } == width * height,
            "runs of \(counts.reduce(0) { $0 + Int($1) }) pixels for a mask of \(width)x\(height)")
        (self.width, self.height, self.counts) = (width, height, counts)
    }

    /// - pixels: `width * height` rows from the top; anything but 0 is inside.
    package init(width: Int, height: Int, pixels: [UInt8]) {
        precondition(pixels.count == width * height, "\(pixels.count) pixels for \(width)x\(height)")
        var counts: [UInt32] = []
        var (length, isInside): (UInt32, Bool) = (0, false)
        for x in 0..<width {
            for y in 0..<height {
                let next = pixels[y * width + x] != 0
                if next != isInside {
                    counts.append(length)
                    (length, isInside) = (0, next)
                }
                length += 1
            }
        }
        counts.append(length)
        self.init(width: width, height: height, counts: counts)
    }

    /// Pixels inside.
    package var area: Int { stride(from: 1, to: counts.count, by: 2).reduce(0) { $0 + Int(counts[$1]) } }

    /// One byte per pixel, rows from the top: 1 inside, 0 outside.
    package var pixels: [UInt8] {
        var pixels = [UInt8](repeating: 0, count: width * height)
        var position = 0
        for (i, count) in counts.enumerated() {
            if i % 2 == 1 {
                for p in position..<(position + Int(count)) { pixels[p % height * width + p / height] = 1 }
            }
            position += Int(count)
        }
        return pixels
    }

    /// The smallest box around all pixels inside; without any, a box of no size at the origin.
    package var boundingBox: Box {
        var extent = MaskExtent(width: width, height: height)
        for count in counts { extent.take(Int(count)) }
        let box = extent.box
        return Box(
            x1: Float(box.x), y1: Float(box.y), x2: Float(box.x + box.width), y2: Float(box.y + box.height))
    }

    /// Pixels that are inside any of several masks of one size.
    /// - Precondition: there is at least one.
    package static func union(_ masks: [RLEMask]) -> RLEMask {
        precondition(!masks.isEmpty, "the union of no masks")
        return masks.dropFirst().reduce(masks[0]) { $0.merged(with: $1) { $0 || $1 } }
    }

    /// Pixels that are inside all of several masks of one size.
    /// - Precondition: there is at least one.
    package static func intersection(_ masks: [RLEMask]) -> RLEMask {
        precondition(!masks.isEmpty, "the intersection of no masks")
        return masks.dropFirst().reduce(masks[0]) { $0.merged(with: $1) { $0 && $1 } }
    }

    /// Pixels that are inside this mask and outside another of its size.
    package func subtracting(_ other: RLEMask) -> RLEMask { merged(with: other) { $0 && !$1 } }

    private func merged(with other: RLEMask, _ isInside: (Bool, Bool) -> Bool) -> RLEMask {
        precondition(width == other.width && height == other.height, "masks of different sizes")
        var cursors = (RunCursor(counts), RunCursor(other.counts))
        var merged: [UInt32] = []
        var (length, wasInside): (UInt32, Bool) = (0, false)
        while !cursors.0.isAtEnd, !cursors.1.isAtEnd {
            let next = isInside(cursors.0.isInside, cursors.1.isInside)
            let step = min(cursors.0.left, cursors.1.left)
            if next != wasInside {
                merged.append(length)
                (length, wasInside) = (0, next)
            }
            length += step
            cursors.0.advance(step)
            cursors.1.advance(step)
        }
        merged.append(length)
        return RLEMask(width: width, height: height, counts: merged)
    }

    /// The mask as its `MaskTexts.boundaries(at:into:)`: pixels `[b0, b1)`, `[b2, b3)` ... in column order are inside.
    package var boundaries: [UInt32] {
        var (boundaries, position): ([UInt32], UInt32) = ([], 0)
        boundaries.reserveCapacity(counts.count)
        for count in counts.prefix(counts.count & ~1) {
            position += count
            boundaries.append(position)
        }
        return boundaries
    }

    /// A place in a list of runs, never at the end of one.
    private struct RunCursor {
        private let counts: [UInt32]
        private var index = 0
        private(set) var left: UInt32

        init(_ counts: [UInt32]) {
            self.counts = counts
            left = counts.first ?? 0
            skipEmpty()
        }

        var isAtEnd: Bool { index >= counts.count }
        var isInside: Bool { index % 2 == 1 }

        mutating func advance(_ step: UInt32) {
            left -= step
            skipEmpty()
        }

        private mutating func skipEmpty() {
            while left == 0, index < counts.count {
                index += 1
                left = index < counts.count ? counts[index] : 0
            }
        }
    }
}
