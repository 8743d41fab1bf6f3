internal import CKernels

extension Tape {
    /// The same values in another format: where a network's maps of 16 bits end in losses of 32, or the reverse.
    package func converted(_ x: Variable, to dtype: DType) -> Variable {
        guard x.dtype != dtype else { return x }
        return record(x.tensor.converted(to: dtype), inputs: [x]) { dy, tape in
            tape.add(dy.converted(to: x.dtype), to: x)
        }
    }

    package func add(_ a: Variable, _ b: Variable) -> Variable {
        record(Elementwise.sum(a.tensor, b.tensor), inputs: [a, b]) { dy, tape in
            tape.add(dy, to: a)
            tape.add(dy, to: b)
        }
    }

    /// min(max(x, 0), ceiling).
    package func relu(_ x: Variable, _ activation: Activation = .relu) -> Variable {
        guard activation != .none else { return x }
        let y = Tensor(uninitialized: x.shape, dtype: x.dtype)
        ck_relu(y.dtype.code, Int64(y.count), activation.ceiling, x.tensor.raw, y.raw)
        return record(y, inputs: [x], rectified: Rectified(y, activation)) { dy, tape in tape.add(dy, to: x) }
    }

    package func sigmoid(_ x: Variable) -> Variable {
        let x = converted(x, to: .float32)
        let y = Elementwise.sigmoid(x.tensor)
        return record(y, inputs: [x]) { dy, tape in
            let out = dy.reusable()
            ck_sigmoid_backward(Int64(y.count), y.floats, dy.floats, out.floats)
            tape.add(out, to: x)
        }
    }

    /// x times one trained number.
    package func scaled(_ x: Variable, by factor: Leaf) -> Variable {
        let x = converted(x, to: .float32)
        let y = x.tensor.copied()
        Elementwise.scale(y, by: factor.value.scalar)
        return record(y, inputs: [x], leaves: [factor]) { dy, tape in
            factor.withGradient { gradient, accumulate in
                var sum = 0.0
                for i in 0..<dy.count { sum += Double(dy.floats[i]) * Double(x.tensor.floats[i]) }
                gradient.floats[0] = (accumulate ? gradient.floats[0] : 0) + Float(sum)
            }
            let dx = Tensor(zeros: x.shape)
            Elementwise.add(dy, scaledBy: factor.value.scalar, to: dx)
            tape.add(dx, to: x)
        }
    }
}
