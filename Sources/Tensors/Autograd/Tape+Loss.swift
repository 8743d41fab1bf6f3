internal import CKernels

extension Tape {
    /// A scalar whose gradients were computed along with its value, as every loss here does.
    /// - gradients: for each input the derivative of the scalar, of the input's size; handed over, to be overwritten.
    package func scalar(_ value: Double, gradients: [(input: Variable, gradient: Tensor)]) -> Variable {
        record(Tensor(Float(value)), inputs: gradients.map(\.input)) { dy, tape in
            let factor = dy.scalar
            for (input, gradient) in gradients where input.needsGradient {
                if factor != 1 { Elementwise.scale(gradient, by: factor) }
                tape.add(gradient, to: input)
            }
        }
    }

    /// Sigmoid focal loss, summed: -α_t (1 - p_t)^γ log p_t.
    /// - logits: [A, K] read as rows; labels: A values, 0..<K a class, K background, -1 ignored.
    /// - Source: Lin et al. 2017, eq. 5.
    package func focalLoss(_ logits: Variable, labels: [Int32], alpha: Float, gamma: Float) -> Variable {
        let matrix = logits.tensor
        precondition(labels.count == matrix.rowCount, "\(labels.count) labels for \(matrix.rowCount) rows")
        for label in labels { precondition(label >= -1 && Int(label) <= matrix.channelCount, "label \(label)") }
        let gradient = Tensor(uninitialized: matrix.shape)
        let sum = ck_focal_loss(
            Int64(matrix.rowCount), Int64(matrix.channelCount), alpha, gamma, matrix.floats, labels, gradient.floats)
        return scalar(sum, gradients: [(logits, gradient)])
    }
}
