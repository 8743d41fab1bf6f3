package import Tensors

/// Distances between predicted and true box parameters, summed over rows, with their gradient.
package enum BoxRegressionLoss: Sendable {
    /// Σ|d|
    case l1
    /// Σ d²/(2β) below β, |d| - β/2 above (Girshick 2015).
    case smoothL1(beta: Float)

    /// - prediction, target: [R, 4].
    /// - Returns: the sum, and its derivative by the prediction, [R, 4].
    package func sum(_ prediction: Tensor, _ target: Tensor) -> (sum: Double, gradient: Tensor) {
        precondition(prediction.count == target.count, "\(prediction.shape) against \(target.shape)")
        let gradient = Tensor(uninitialized: prediction.shape)
        var sum = 0.0
        for i in 0..<prediction.count {
            let d = prediction.floats[i] - target.floats[i]
            let sign: Float = d > 0 ? 1 : (d < 0 ? -1 : 0)
            switch self {
            case .l1:
                sum += Double(abs(d))
                gradient.floats[i] = sign
            case .smoothL1(let beta):
                let small = abs(d) < beta
                sum += Double(small ? 0.5 * d * d / beta : abs(d) - 0.5 * beta)
                gradient.floats[i] = small ? d / beta : sign
            }
        }
        return (sum, gradient)
    }
}
