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
}
