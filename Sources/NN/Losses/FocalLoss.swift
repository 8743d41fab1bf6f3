internal import CKernels
package import Tensors

/// Sigmoid focal loss, summed over anchors and classes: -α_t (1 - p_t)^γ log p_t.
/// - Source: Lin et al. 2017, eq. 5.
package struct FocalLoss: Sendable {
    package let alpha: Float
    package let gamma: Float

    package init(alpha: Float = 0.25, gamma: Float = 2) { (self.alpha, self.gamma) = (alpha, gamma) }

    /// - logits: [..., K] read as rows; labels: one per row, 0..<K a class, K background, -1 ignored.
    /// - gradient: gets the derivative of the sum by the logits.
    /// - Returns: the sum.
    package func sum(_ logits: Tensor, labels: [Int32], gradient: Tensor) -> Double {
        let (rows, classes) = (logits.rowCount, logits.channelCount)
        precondition(labels.count == rows, "\(labels.count) labels for \(rows) rows")
        precondition(gradient.count == logits.count, "gradient \(gradient.shape) of \(logits.shape)")
        for label in labels { precondition(label >= -1 && Int(label) <= classes, "label \(label) of \(classes)") }
        return ck_focal_loss(
            Int64(rows), Int64(classes), alpha, gamma, logits.floats, labels, gradient.floats)
    }
}
