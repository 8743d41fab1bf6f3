internal import Foundation
package import Tensors

/// Cross-entropy of independent yes-or-no logits, summed.
package enum BinaryCrossEntropy {
    /// - targets: one per logit, 0 to 1.
    /// - Returns: the sum of -(t log p + (1 - t) log(1 - p)), and its derivative by the logits.
    package static func sum(_ logits: Tensor, targets: [Float]) -> (sum: Double, gradient: Tensor) {
        precondition(targets.count == logits.count, "\(targets.count) targets for \(logits.shape)")
        let gradient = Tensor(uninitialized: logits.shape)
        var sum = 0.0
        for (i, target) in targets.enumerated() {
            let x = logits.floats[i]
            let e = exp(-abs(x))
            sum += Double(max(x, 0) - x * target + log1p(e))
            gradient.floats[i] = (x >= 0 ? 1 / (1 + e) : e / (1 + e)) - target
        }
        return (sum, gradient)
    }
}
