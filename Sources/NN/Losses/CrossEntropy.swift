internal import Foundation
package import Tensors

/// Softmax cross-entropy, summed over rows.
package enum CrossEntropy {
    /// - logits: [R, K]; labels: one per row, 0..<K.
    /// - Returns: the sum of -log p(label), and its derivative by the logits, [R, K].
    package static func sum(_ logits: Tensor, labels: [Int32]) -> (sum: Double, gradient: Tensor) {
        let classes = logits.channelCount
        precondition(labels.count == logits.rowCount, "\(labels.count) labels for \(logits.shape)")
        let gradient = probabilities(logits)
        var sum = 0.0
        for (row, label) in labels.enumerated() {
            precondition(label >= 0 && Int(label) < classes, "label \(label) of \(classes)")
            let (x, g) = (logits.floats + row * classes, gradient.floats + row * classes)
            // From the logits, not from the probability: that one may be 0.
            let largest = UnsafeBufferPointer(start: x, count: classes).max() ?? 0
            var total: Float = 0
            for c in 0..<classes { total += exp(x[c] - largest) }
            sum += Double(log(total) + largest - x[Int(label)])
            g[Int(label)] -= 1
        }
        return (sum, gradient)
    }

    /// The softmax of every row.
    package static func probabilities(_ logits: Tensor) -> Tensor {
        let out = Tensor(uninitialized: logits.shape)
        let classes = logits.channelCount
        for row in 0..<logits.rowCount {
            let (x, y) = (logits.floats + row * classes, out.floats + row * classes)
            let largest = UnsafeBufferPointer(start: x, count: classes).max() ?? 0
            var total: Float = 0
            for c in 0..<classes {
                y[c] = exp(x[c] - largest)
                total += y[c]
            }
            for c in 0..<classes { y[c] /= total }
        }
        return out
    }
}
