package import DetectionData
package import Tensors

/// From a small map of probabilities in a box to the pixels of a picture.
package enum MaskPasting {
    /// - map: [1, M, M]; threshold: probability from which on a pixel is inside.
    /// - box: in pixels of the picture, `width` x `height`.
    /// - Source: mmdetection 2.x `_do_paste_mask`: each pixel's centre looks into the map between its pixels' centres,
    ///   0 outside.
    package static func paste(
        _ map: Tensor, threshold: Float, into box: Box, width: Int, height: Int
    ) -> RLEMask {
        let size = map.shape[1]
        var pixels = [UInt8](repeating: 0, count: width * height)
        let columns = taps(box.x1, box.x2, size: size, count: width)
        let rows = taps(box.y1, box.y2, size: size, count: height)
        for row in rows {
            for column in columns {
                var value: Float = 0
                for (y, wy) in [(row.low, 1 - row.fraction), (row.low + 1, row.fraction)] where y >= 0 && y < size {
                    for (x, wx) in [(column.low, 1 - column.fraction), (column.low + 1, column.fraction)]
                    where x >= 0 && x < size { value += wy * wx * map.floats[y * size + x] }
                }
                if value >= threshold { pixels[row.pixel * width + column.pixel] = 1 }
            }
        }
        return RLEMask(width: width, height: height, pixels: pixels)
    }

    /// Pixels that see the map, and between which of its pixels.
    private static func taps(
        _ low: Float, _ high: Float, size: Int, count: Int
    ) -> [(pixel: Int, low: Int, fraction: Float)] {
        guard high > low else { return [] }
        return (0..<count).compactMap { pixel in
            let at = (Float(pixel) + 0.5 - low) / (high - low) * Float(size) - 0.5
            guard at > -1, at < Float(size) else { return nil }
            let floor = at.rounded(.down)
            return (pixel, Int(floor), at - floor)
        }
    }
}
