package import Tensors

/// Σ (1 - GIoU) between boxes x1 y1 x2 y2, with its gradient.
/// - Source: Rezatofighi et al. 2019; epsilon and ties as torchvision's `generalized_box_iou_loss` (1e-7).
package enum GIoULoss {
    /// - prediction, target: [R, 4] boxes with x2 > x1, y2 > y1; weights: R, or nil for 1 each.
    /// - Returns: the sum, and its derivative by the prediction, [R, 4].
    package static func sum(
        _ prediction: Tensor, _ target: Tensor, weights: [Float]? = nil, epsilon: Float = 1e-7
    ) -> (sum: Double, gradient: Tensor) {
        precondition(prediction.count == target.count, "\(prediction.shape) against \(target.shape)")
        let gradient = Tensor(zeros: prediction.shape)
        var total = 0.0
        for r in 0..<prediction.rowCount {
            let p = prediction.floats + 4 * r
            let t = target.floats + 4 * r
            let g = gradient.floats + 4 * r
            let (pw, ph) = (p[2] - p[0], p[3] - p[1])
            let iw = min(p[2], t[2]) - max(p[0], t[0])
            let ih = min(p[3], t[3]) - max(p[1], t[1])
            let meets = iw > 0 && ih > 0
            let intersection = meets ? iw * ih : 0
            let union = pw * ph + (t[2] - t[0]) * (t[3] - t[1]) - intersection
            let (ew, eh) = (max(p[2], t[2]) - min(p[0], t[0]), max(p[3], t[3]) - min(p[1], t[1]))
            let enclosing = ew * eh
            let (u, e) = (union + epsilon, enclosing + epsilon)
            let weight = weights?[r] ?? 1
            total += Double(weight * (1 - (intersection / u - (enclosing - union) / e)))
            // giou = I / u - (E - U) / e; chain through I, U and E by each coordinate.
            let dI = 1 / u
            let dU = -intersection / (u * u) + 1 / e
            let dE = -1 / e + (enclosing - union) / (e * e)
            // d(width)/d(x1), d(x2) and the same for heights, of prediction, intersection, enclosing box.
            let inner: (Float, Float, Float, Float) =
                meets ? (p[0] > t[0] ? -1 : 0, p[1] > t[1] ? -1 : 0, p[2] < t[2] ? 1 : 0, p[3] < t[3] ? 1 : 0)
                : (0, 0, 0, 0)
            let outer: (Float, Float, Float, Float) =
                (p[0] < t[0] ? -1 : 0, p[1] < t[1] ? -1 : 0, p[2] > t[2] ? 1 : 0, p[3] > t[3] ? 1 : 0)
            func derivative(_ area: Float, _ i: Float, _ o: Float) -> Float {
                -weight * (dI * i + dU * (area - i) + dE * o)
            }
            g[0] = derivative(-ph, inner.0 * ih, outer.0 * eh)
            g[1] = derivative(-pw, inner.1 * iw, outer.1 * ew)
            g[2] = derivative(ph, inner.2 * ih, outer.2 * eh)
            g[3] = derivative(pw, inner.3 * iw, outer.3 * ew)
        }
        return (total, gradient)
    }
}
