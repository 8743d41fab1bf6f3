internal import CKernels

extension Tape {
    /// activation(transposed convolution with a 2x2 window and stride 2): every pixel becomes a square of four.
    /// - x: [R, H, W, C]; weight: [C, O, 2, 2]; bias: [O].
    /// - Returns: [R, 2 H, 2 W, O].
    package func upsampleConvolution(
        _ x: Variable, weight: Leaf, bias: Leaf, activation: Activation = .none
    ) -> Variable {
        let x = converted(x, to: .float32)
        let (shape, kernel) = (x.shape, weight.value.shape)
        precondition(
            shape.count == 4 && kernel.count == 4 && shape[3] == kernel[0] && kernel[2] == 2
                && kernel[3] == 2,
            "transposed convolution of \(shape) with \(kernel)")
        let outputs = kernel[1]
        let matrix = weight.value.reshaped([kernel[0], 4 * outputs])
        let sizes = (Int64(shape[0]), Int64(shape[1]), Int64(shape[2]), Int64(outputs))
        let folded = MatMul.product(x.tensor.rows, matrix)
        let y = Tensor(uninitialized: [shape[0], 2 * shape[1], 2 * shape[2], outputs])
        ck_unfold_squares(sizes.0, sizes.1, sizes.2, sizes.3, folded.floats, y.floats)
        ck_add_bias(Int64(y.rowCount), sizes.3, bias.value.floats, y.floats)
        if activation != .none { ck_relu(y.dtype.code, Int64(y.count), activation.ceiling, y.raw, y.raw) }
        return record(y, inputs: [x], leaves: [weight, bias], rectified: Rectified(y, activation)) {
            gradient, tape in
            bias.withGradient { Elementwise.columnSums(gradient, into: $0, accumulate: $1) }
            let dz = Tensor(uninitialized: [x.tensor.rowCount, 4 * outputs])
            ck_fold_squares(sizes.0, sizes.1, sizes.2, sizes.3, gradient.floats, dz.floats)
            weight.withGradient { target, accumulate in
                MatMul.product(
                    x.tensor.rows, dz, transposeA: true, beta: accumulate ? 1 : 0,
                    into: target.reshaped(matrix.shape))
            }
            guard x.needsGradient else { return }
            tape.add(MatMul.product(dz, matrix, transposeB: true).reshaped(shape), to: x)
        }
    }
}
