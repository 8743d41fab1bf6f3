internal import CKernels

extension Tape {
    package func add(_ a: Variable, _ b: Variable) -> Variable {
        record(Elementwise.sum(a.tensor, b.tensor), inputs: [a, b]) { dy, tape in
            tape.add(dy, to: a)
            tape.add(dy, to: b)
        }
    }

    /// min(max(x, 0), ceiling), also of a sum: relu(a + b) in one sweep's memory.
    package func relu(_ x: Variable, _ activation: Activation = .relu) -> Variable {
        guard activation != .none else { return x }
        let y = Tensor(uninitialized: x.shape)
        ck_relu(Int64(y.count), activation.ceiling, x.tensor.floats, y.floats)
        return record(y, inputs: [x]) { dy, tape in tape.add(Self.masked(&dy, by: y, activation), to: x) }
    }

    /// relu(a + b): the end of a residual block.
    package func addRelu(_ a: Variable, _ b: Variable) -> Variable {
        let y = Elementwise.sum(a.tensor, b.tensor)
        ck_relu(Int64(y.count), .infinity, y.floats, y.floats)
        return record(y, inputs: [a, b]) { dy, tape in
            let gradient = Self.masked(&dy, by: y, .relu)
            tape.add(gradient, to: a)
            tape.add(gradient, to: b)
        }
    }

    package func sigmoid(_ x: Variable) -> Variable {
        let y = Elementwise.sigmoid(x.tensor)
        return record(y, inputs: [x]) { dy, tape in
            let out = dy.reusable()
            ck_sigmoid_backward(Int64(y.count), y.floats, dy.floats, out.floats)
            tape.add(out, to: x)
        }
    }

    /// x times one trained number.
    package func scaled(_ x: Variable, by factor: Leaf) -> Variable {
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
