internal import CKernels

extension Tape {
    /// x weight[part]ᵀ + bias[part]: some outputs of a layer that stores several maps stacked.
    /// - x: [..., I]; weight: [O, I]; bias: [O]; part: of 0..<O.
    /// - Returns: [..., part.count].
    package func linear(_ x: Variable, weight: Leaf, bias: Leaf, part: Range<Int>) -> Variable {
        let x = converted(x, to: .float32)
        let matrix = weight.value(in: dtype).prefix(part)
        let operand = x.tensor.rows.converted(to: dtype)
        let y = MatMul.product(operand, matrix, transposeB: true)
        ck_add_bias(Int64(y.rowCount), Int64(y.channelCount), bias.value.floats + part.lowerBound, y.floats)
        let shaped = y.reshaped(x.shape.dropLast() + [part.count])
        return record(shaped, inputs: [x], leaves: [weight, bias]) { dy, tape in
            let gradient = dy.rows.converted(to: tape.dtype)
            // What is written first need not be the whole: the rest starts at 0.
            weight.withGradient { target, accumulate in
                if !accumulate { target.floats.update(repeating: 0, count: target.count) }
                MatMul.product(gradient, operand, transposeA: true, beta: 1, into: target.prefix(part))
            }
            bias.withGradient { target, accumulate in
                if !accumulate { target.floats.update(repeating: 0, count: target.count) }
                Elementwise.columnSums(dy.rows, into: target.prefix(part), accumulate: true)
            }
            tape.add(MatMul.product(gradient, matrix), to: x)
        }
    }

    /// A parameter itself, once for each item of a batch.
    /// - Returns: [count, ...] of the leaf's shape.
    package func parameter(_ leaf: Leaf, repeated count: Int) -> Variable {
        let size = leaf.value.count
        let y = Tensor(uninitialized: [count] + leaf.value.shape)
        for n in 0..<count { (y.floats + n * size).update(from: leaf.value.floats, count: size) }
        return record(y, inputs: [], leaves: [leaf]) { dy, _ in
            leaf.withGradient { target, accumulate in
                Elementwise.columnSums(
                    dy.reshaped([count, size]), into: target.reshaped([size]), accumulate: accumulate)
            }
        }
    }
}
