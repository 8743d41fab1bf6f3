internal import CKernels

extension Tape {
    /// y = (x - mean) / sqrt(variance + epsilon) weight + bias, mean and biased variance of each row.
    /// - x: [..., C]; weight, bias: [C].
    /// - Source: Ba et al. 2016; numerics as PyTorch's `layer_norm`. Keeps x and two numbers a row for
    ///   backward.
    package func layerNorm(_ x: Variable, weight: Leaf, bias: Leaf, epsilon: Float = 1e-5) -> Variable {
        let x = converted(x, to: .float32)
        let (rows, channels) = (x.tensor.rowCount, x.tensor.channelCount)
        precondition(weight.value.count == channels && bias.value.count == channels, "norm of \(x.shape)")
        let y = Tensor(uninitialized: x.shape)
        let (mean, deviation) = (Tensor(uninitialized: [rows]), Tensor(uninitialized: [rows]))
        ck_layer_norm(
            Int64(rows), Int64(channels), epsilon, x.tensor.floats, weight.value.floats, bias.value.floats,
            y.floats,
            mean.floats, deviation.floats)
        return record(y, inputs: [x], leaves: [weight, bias]) { dy, tape in
            let dx = x.needsGradient ? dy.reusable() : nil
            var sums = [Double](repeating: 0, count: 2 * channels)
            sums.withUnsafeMutableBufferPointer { buffer in
                guard let base = buffer.baseAddress else { return }
                ck_layer_norm_backward(
                    Int64(rows), Int64(channels), x.tensor.floats, mean.floats, deviation.floats,
                    weight.value.floats, dy.floats, dx?.floats, base, base + channels)
            }
            weight.withGradient { Self.put(sums[0..<channels], into: $0, accumulate: $1) }
            bias.withGradient { Self.put(sums[channels...], into: $0, accumulate: $1) }
            if let dx { tape.add(dx, to: x) }
        }
    }
}
