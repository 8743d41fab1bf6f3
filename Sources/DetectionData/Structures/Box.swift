/// A box in continuous pixel coordinates: width is `x2 - x1`, pixel centres lie at .5.
package struct Box: Sendable, Equatable, Hashable, BitwiseCopyable {
    package var x1: Float
    package var y1: Float
    package var x2: Float
    package var y2: Float

    package init(x1: Float, y1: Float, x2: Float, y2: Float) {
        (self.x1, self.y1, self.x2, self.y2) = (x1, y1, x2, y2)
    }

    package init(x: Float, y: Float, width: Float, height: Float) {
        self.init(x1: x, y1: y, x2: x + width, y2: y + height)
    }

    package var width: Float { x2 - x1 }
    package var height: Float { y2 - y1 }
    package var area: Float { width * height }

    package func scaled(x: Float, y: Float) -> Box { Box(x1: x1 * x, y1: y1 * y, x2: x2 * x, y2: y2 * y) }

    package func clipped(width: Float, height: Float) -> Box {
        Box(
            x1: min(max(x1, 0), width), y1: min(max(y1, 0), height),
            x2: min(max(x2, 0), width), y2: min(max(y2, 0), height))
    }

    /// Mirrored left to right in an image `width` pixels wide.
    package func flipped(width: Float) -> Box { Box(x1: width - x2, y1: y1, x2: width - x1, y2: y2) }

    /// Intersection over union; 0 where either has no area.
    package func intersectionOverUnion(_ other: Box) -> Float {
        let w = min(x2, other.x2) - max(x1, other.x1)
        let h = min(y2, other.y2) - max(y1, other.y1)
        guard w > 0, h > 0 else { return 0 }
        let intersection = w * h
        return intersection / (area + other.area - intersection)
    }
}
