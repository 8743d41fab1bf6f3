package import DetectionData
internal import Foundation

/// Boxes as offsets from a reference box: (dx, dy) in its size, (dw, dh) as logarithms.
/// - Source: Girshick et al. 2014; clamp of dw, dh at ln(1000/16) as torchvision and mmdetection.
package enum BoxCoder {
    /// Largest |dw| and |dh| that count.
    static let largestLog = Float(log(1000.0 / 16.0))

    /// - anchor, box: four numbers x1 y1 x2 y2 each; writes dx, dy, dw, dh.
    package static func encode(
        anchor a: UnsafePointer<Float>, box b: UnsafePointer<Float>, into d: UnsafeMutablePointer<Float>
    ) {
        let (aw, ah) = (a[2] - a[0], a[3] - a[1])
        let (bw, bh) = (b[2] - b[0], b[3] - b[1])
        d[0] = (b[0] + 0.5 * bw - (a[0] + 0.5 * aw)) / aw
        d[1] = (b[1] + 0.5 * bh - (a[1] + 0.5 * ah)) / ah
        d[2] = log(bw / aw)
        d[3] = log(bh / ah)
    }

    package static func decode(anchor a: UnsafePointer<Float>, deltas d: UnsafePointer<Float>) -> Box {
        let (aw, ah) = (a[2] - a[0], a[3] - a[1])
        let (cx, cy) = (d[0] * aw + a[0] + 0.5 * aw, d[1] * ah + a[1] + 0.5 * ah)
        let (w, h) = (exp(min(max(d[2], -largestLog), largestLog)) * aw, exp(min(max(d[3], -largestLog), largestLog)) * ah)
        return Box(x1: cx - 0.5 * w, y1: cy - 0.5 * h, x2: cx + 0.5 * w, y2: cy + 0.5 * h)
    }
}
