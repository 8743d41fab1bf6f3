internal import CKernels

/// How square windows lie over maps of one size: padded at the right and bottom to whole windows, and shifted in a
/// circle.
/// - Source: Liu et al. 2021, "Swin transformer", section 3.2.
package struct WindowGrid: Hashable, Sendable {
    package let height: Int
    package let width: Int
    /// Pixels along each side of a window.
    package let window: Int
    /// Pixels by which windows lie further right and down; below `window`.
    package let shift: Int

    package init(height: Int, width: Int, window: Int, shift: Int) {
        precondition(
            height > 0 && width > 0 && window > 0 && (0..<window).contains(shift),
            "windows of \(window) shifted by \(shift) over \(height)x\(width)")
        (self.height, self.width, self.window, self.shift) = (height, width, window, shift)
    }

    private var rows: Int { (height + window - 1) / window }
    private var columns: Int { (width + window - 1) / window }
    /// Of one map.
    package var windowCount: Int { rows * columns }
    /// Pixels of a window.
    package var tokenCount: Int { window * window }

    /// What keeps apart pixels of a window that only the shift brought together: -100 between pixels of different
    /// regions, else 0; nil without a shift. Padding is not kept apart from the map that it pads.
    /// - Returns: [windows, tokens, tokens].
    /// - Source: as the authors' detection code: finite, and for a single window too.
    package var mask: Tensor? {
        guard shift > 0 else { return nil }
        // The part of its side that a shifted position comes from: whole windows, the last one's start, the near edge.
        func region(_ position: Int, _ side: Int) -> Int {
            position < side - window ? 0 : position < side - shift ? 1 : 2
        }
        let mask = Tensor(uninitialized: [windowCount, tokenCount, tokenCount])
        var regions = [Int](repeating: 0, count: tokenCount)
        for w in 0..<windowCount {
            let (top, left) = (w / columns * window, w % columns * window)
            for token in 0..<tokenCount {
                regions[token] =
                    3 * region(top + token / window, rows * window)
                    + region(left + token % window, columns * window)
            }
            let page = mask.floats + w * tokenCount * tokenCount
            for query in 0..<tokenCount {
                for key in 0..<tokenCount {
                    page[query * tokenCount + key] = regions[query] == regions[key] ? 0 : -100
                }
            }
        }
        return mask
    }

    /// Row of a table of relative positions for each pair of tokens: (row difference + window - 1) (2 window - 1)
    /// + column difference + window - 1, query less key.
    /// - Returns: tokens² rows, query by query.
    package static func relativeRows(window: Int) -> [Int32] {
        let count = window * window
        return (0..<(count * count)).map { pair in
            let (query, key) = (pair / count, pair % count)
            let row = query / window - key / window + window - 1
            return Int32(row * (2 * window - 1) + query % window - key % window + window - 1)
        }
    }

    private func shape(images: Int, channels: Int) -> ck_windows {
        ck_windows(
            images: Int64(images), height: Int64(height), width: Int64(width), channels: Int64(channels),
            window: Int64(window), shift: Int64(shift))
    }

    /// [N, H, W, C] to [N windows, tokens, C].
    func partition(_ x: Tensor) -> Tensor {
        precondition(
            x.shape.count == 4 && x.shape[1] == height && x.shape[2] == width, "\(self) over \(x.shape)")
        let y = Tensor(uninitialized: [x.shape[0] * windowCount, tokenCount, x.channelCount])
        var shape = shape(images: x.shape[0], channels: x.channelCount)
        ck_window_partition(&shape, x.floats, y.floats)
        return y
    }

    /// [N windows, tokens, C] to [N, H, W, C].
    func merge(_ y: Tensor) -> Tensor {
        precondition(
            y.shape.count == 3 && y.shape[0].isMultiple(of: windowCount) && y.shape[1] == tokenCount,
            "\(self) from \(y.shape)")
        let images = y.shape[0] / windowCount
        let x = Tensor(uninitialized: [images, height, width, y.channelCount])
        var shape = shape(images: images, channels: y.channelCount)
        ck_window_merge(&shape, y.floats, x.floats)
        return x
    }
}
