internal import CKernels

extension Tape {
    /// The softmax of every row. x: [..., C].
    package func softmax(_ x: Variable) -> Variable {
        let x = converted(x, to: .float32)
        let y = Tensor(uninitialized: x.shape)
        let (rows, channels) = (Int64(y.rowCount), Int64(y.channelCount))
        ck_softmax(rows, channels, x.tensor.floats, y.floats)
        return record(y, inputs: [x]) { dy, tape in
            let dx = dy.reusable()
            ck_softmax_backward(rows, channels, y.floats, dy.floats, dx.floats)
            tape.add(dx, to: x)
        }
    }

    /// x/2 (1 + erf(x / √2)).
    /// - Source: Hendrycks and Gimpel 2016; the exact form, as PyTorch's default.
    package func gelu(_ x: Variable) -> Variable {
        let x = converted(x, to: .float32)
        let y = Tensor(uninitialized: x.shape)
        ck_gelu(Int64(y.count), x.tensor.floats, y.floats)
        return record(y, inputs: [x]) { dy, tape in
            let dx = dy.reusable()
            ck_gelu_backward(Int64(dx.count), x.tensor.floats, dy.floats, dx.floats)
            tape.add(dx, to: x)
        }
    }
}
