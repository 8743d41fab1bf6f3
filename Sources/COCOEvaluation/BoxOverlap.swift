import Foundation

/// How much a detection's box and an object's overlap.
enum BoxOverlap {
    /// Intersection over union, or over the detection's own area where the object is a crowd.
    static func continuous(_ detection: Candidate, _ object: GroundTruth) -> Double {
        let (d, g) = (detection.bbox, object.bbox)
        let width = min(d.x + d.width, g.x + g.width) - max(d.x, g.x)
        if width <= 0 { return 0 }
        let height = min(d.y + d.height, g.y + g.height) - max(d.y, g.y)
        if height <= 0 { return 0 }
        let intersection = width * height
        return intersection
            / (object.isCrowd ? detection.area : detection.area + g.width * g.height - intersection)
    }

    /// VOC's: boxes are of whole pixels from 1, the last one included, so a width is `xmax - xmin + 1`.
    ///
    /// Ours begin at 0 and end behind the last pixel: `xmin` is `x + 1`, `xmax` is `x + width`.
    static func inclusive(_ detection: Candidate, _ object: GroundTruth) -> Double {
        let (d, g) = (Extents(detection.bbox), Extents(object.bbox))
        let width = max(min(g.right, d.right) - max(g.left, d.left) + 1, 0)
        let height = max(min(g.bottom, d.bottom) - max(g.top, d.top) + 1, 0)
        let intersection = width * height
        return intersection / (d.area + g.area - intersection)
    }

    private struct Extents {
        let left: Double
        let top: Double
        let right: Double
        let bottom: Double

        init(_ box: (x: Double, y: Double, width: Double, height: Double)) {
            (left, top, right, bottom) = (box.x + 1, box.y + 1, box.x + box.width, box.y + box.height)
        }

        var area: Double { (right - left + 1) * (bottom - top + 1) }
    }

    /// A box with corners in tenths of a pixel, and a score in thousandths, rounded as their decimals are written.
    static func rounded(
        _ box: (x: Double, y: Double, width: Double, height: Double), _ score: Double
    ) -> (bbox: (x: Double, y: Double, width: Double, height: Double), score: Double) {
        let extents = Extents(box)
        let (left, top) = (decimal(extents.left, 10), decimal(extents.top, 10))
        let (right, bottom) = (decimal(extents.right, 10), decimal(extents.bottom, 10))
        return ((left - 1, top - 1, right - (left - 1), bottom - (top - 1)), decimal(score, 1000))
    }

    /// The double nearest to `value` written with the decimals of `scale`, 10 or 1000.
    private static func decimal(_ value: Double, _ scale: Double) -> Double {
        let scaled = value * scale
        let nearest = scaled.rounded()
        // Near a half the product's own rounding would decide; writing it out does not.
        if abs(abs(scaled - nearest) - 0.5) > 1e-6 { return nearest / scale }
        return Double(String(format: scale == 10 ? "%.1f" : "%.3f", value)) ?? value
    }
}
