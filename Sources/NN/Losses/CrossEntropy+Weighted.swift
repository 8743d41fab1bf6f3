package import Tensors

extension CrossEntropy {
    /// The same with a weight per row: the sum of -w log p(label), and its derivative by the logits.
    /// - logits: [R, K]; labels: one per row, 0..<K; weights: one per row.
    package static func sum(
        _ logits: Tensor, labels: [Int32], weights: [Float]
    ) -> (sum: Double, gradient: Tensor) {
        precondition(weights.count == labels.count, "\(weights.count) weights for \(labels.count) rows")
        let gradient = Tensor(uninitialized: logits.shape)
        var total = 0.0
        for (row, weight) in weights.enumerated() {
            let range = row..<(row + 1)
            let part = sum(logits.prefix(range), labels: [labels[row]])
            total += Double(weight) * part.sum
            Elementwise.scale(part.gradient, by: weight)
            gradient.prefix(range).assign(from: part.gradient)
        }
        return (total, gradient)
    }
}
