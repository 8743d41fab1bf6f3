internal import Foundation
package import Tensors

/// Σ w (-ln IoU) between boxes x1 y1 x2 y2, with its gradient.
/// - Source: Yu et al. 2016, "UnitBox"; floor of the IoU as mmdetection 2.x `IoULoss` (1e-6), below which
///   nothing moves.
package enum IoULoss {
    /// - prediction, target: [R, 4] boxes; weights: R.
    /// - Returns: the sum, and its derivative by the prediction, [R, 4].
    package static func sum(
        _ prediction: Tensor, _ target: Tensor, weights: [Float], floor: Float = 1e-6
    ) -> (sum: Double, gradient: Tensor) {
        precondition(
            prediction.count == target.count && prediction.rowCount == weights.count,
            "\(prediction.shape) against \(target.shape), \(weights.count) weights")
        let gradient = Tensor(zeros: prediction.shape)
        var total = 0.0
        for (r, weight) in weights.enumerated() {
            let (p, t, g) = (prediction.floats + 4 * r, target.floats + 4 * r, gradient.floats + 4 * r)
            let (pw, ph) = (p[2] - p[0], p[3] - p[1])
            let iw = max(0, min(p[2], t[2]) - max(p[0], t[0]))
            let ih = max(0, min(p[3], t[3]) - max(p[1], t[1]))
            let intersection = iw * ih
            let union = max(pw * ph + (t[2] - t[0]) * (t[3] - t[1]) - intersection, floor)
            let overlap = intersection / union
            total -= Double(weight * log(max(overlap, floor)))
            guard overlap > floor else { continue }
            // d(-ln(I / U)) = dU / U - dI / I, where U contains -I.
            let (byArea, byIntersection) = (weight / union, -weight * (1 / union + 1 / intersection))
            g[0] = byArea * -ph + byIntersection * (p[0] > t[0] ? -ih : 0)
            g[1] = byArea * -pw + byIntersection * (p[1] > t[1] ? -iw : 0)
            g[2] = byArea * ph + byIntersection * (p[2] < t[2] ? ih : 0)
            g[3] = byArea * pw + byIntersection * (p[3] < t[3] ? iw : 0)
        }
        return (total, gradient)
    }
}
