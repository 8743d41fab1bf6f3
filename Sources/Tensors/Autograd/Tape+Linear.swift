internal import CKernels

extension Tape {
    /// activation(x weightᵀ + bias) on rows. Products are of the tape's format, everything else is in 32 bits.
    /// - x: [R, I]; weight: [O, I] (a 1x1 convolution's [O, I, 1, 1] too); bias: [O].
    /// - Returns: [R, O], floats.
    package func linear(_ x: Variable, weight: Leaf, bias: Leaf?, activation: Activation = .none) -> Variable
    {
        let outputs = weight.value.shape[0]
        let matrix = weight.value(in: dtype).reshaped([outputs, weight.value.count / outputs])
        return linear(converted(x, to: .float32), matrix, of: weight, bias: bias, activation) {
            dy, x, gradient, accumulate in
            MatMul.product(
                dy, x, transposeA: true, beta: accumulate ? 1 : 0, into: gradient.reshaped(matrix.shape))
        }
    }

    /// The same on maps, with a weight that reads them in the order of published ones: channel, row, column.
    ///
    /// The weight is brought into the maps' order: regions are many, and have to be brought there and back.
    /// - x: [R, H, W, C]; weight: [O, C H W]; bias: [O].
    /// - Returns: [R, O], floats.
    package func linear(maps x: Variable, weight: Leaf, bias: Leaf?, activation: Activation = .none) -> Variable {
        let (channels, pixels) = (x.shape[3], x.shape[1] * x.shape[2])
        let matrix = weight.value(channels: channels, in: dtype)
        return linear(x.reshaped([x.shape[0], pixels * channels]), matrix, of: weight, bias: bias, activation) {
            dy, x, gradient, accumulate in
            let part = MatMul.product(dy, x, transposeA: true)
            ck_transpose_pages(
                Int64(matrix.shape[0]), Int64(pixels), Int64(channels), part.floats, gradient.floats,
                accumulate ? 1 : 0)
        }
    }

    /// - matrix: the weight as the rows of x meet it, [O, I], in the tape's format.
    /// - addGradient: writes or adds dyᵀ x, both in the tape's format, to the weight's gradient.
    private func linear(
        _ x: Variable, _ matrix: Tensor, of weight: Leaf, bias: Leaf?, _ activation: Activation,
        addGradient: @escaping (_ dy: Tensor, _ x: Tensor, _ gradient: Tensor, _ accumulate: Bool) -> Void
    ) -> Variable {
        let operand = x.tensor.converted(to: dtype)
        let y = MatMul.product(operand, matrix, transposeB: true)
        if let bias { ck_add_bias(Int64(y.rowCount), Int64(y.channelCount), bias.value.floats, y.floats) }
        if activation != .none { ck_relu(y.dtype.code, Int64(y.count), activation.ceiling, y.raw, y.raw) }
        return record(
            y, inputs: [x], leaves: [weight] + (bias.map { [$0] } ?? []), rectified: Rectified(y, activation)
        ) { dy, tape in
            let narrow = dy.converted(to: tape.dtype)
            weight.withGradient { addGradient(narrow, operand, $0, $1) }
            bias?.withGradient { Elementwise.columnSums(dy, into: $0, accumulate: $1) }
            tape.add(MatMul.product(narrow, matrix).converted(to: x.dtype), to: x)
        }
    }

    /// One of G linear maps per row: y[r] = weight[g(r)] x[r] + bias[g(r)], for a layer that stores G maps stacked.
    ///
    /// A dense 1x1 convolution to G*O channels of which each row reads only one group of O: evaluating just that
    /// group gives the same numbers and gradients at a G-th of the work.
    /// - x: [R, I]; weight: [G*O, I]; bias: [G*O]; group: one per row, 0..<G.
    /// - Returns: [R, O].
    package func groupedLinear(_ x: Variable, weight: Leaf, bias: Leaf, group: [Int32], groupCount: Int)
        -> Variable
    {
        let x = converted(x, to: .float32)
        let (rows, inputs) = (x.shape[0], x.shape[1])
        let outputs = weight.value.shape[0] / groupCount
        precondition(
            group.count == rows && outputs * groupCount == weight.value.shape[0], "\(rows) rows in groups")
        let stacked = weight.value(in: dtype).reshaped([groupCount * outputs, inputs])
        var order = [[Int32]](repeating: [], count: groupCount)
        for (row, g) in group.enumerated() { order[Int(g)].append(Int32(row)) }
        let sorted = order.flatMap { $0 }
        let packed = Elementwise.gatherRows(x.tensor, sorted).converted(to: dtype)
        let starts = order.reduce(into: [0]) { $0.append($0[$0.count - 1] + $1.count) }
        let y = Tensor(uninitialized: [rows, outputs])
        for g in 0..<groupCount where !order[g].isEmpty {
            let part = MatMul.product(
                packed.prefix(starts[g]..<starts[g + 1]), stacked.prefix((g * outputs)..<((g + 1) * outputs)),
                transposeB: true)
            ck_add_bias(Int64(part.rowCount), Int64(outputs), bias.value.floats + g * outputs, part.floats)
            for (i, row) in order[g].enumerated() {
                (y.floats + Int(row) * outputs).update(from: part.floats + i * outputs, count: outputs)
            }
        }
        return record(y, inputs: [x], leaves: [weight, bias]) { dy, tape in
            let rowGradients = Elementwise.gatherRows(dy, sorted)
            let gradient = rowGradients.converted(to: tape.dtype)
            func each(_ body: (_ g: Int, _ rows: Range<Int>, _ slots: Range<Int>) -> Void) {
                for g in 0..<groupCount {
                    body(g, starts[g]..<starts[g + 1], (g * outputs)..<((g + 1) * outputs))
                }
            }
            weight.withGradient { target, accumulate in
                each { _, rows, slots in
                    MatMul.product(
                        gradient.prefix(rows), packed.prefix(rows), transposeA: true,
                        beta: accumulate ? 1 : 0,
                        into: target.reshaped(stacked.shape).prefix(slots))
                }
            }
            bias.withGradient { target, accumulate in
                each { _, rows, slots in
                    Elementwise.columnSums(
                        rowGradients.prefix(rows), into: target.prefix(slots), accumulate: accumulate)
                }
            }
            guard x.needsGradient else { return }
            let dx = Tensor(zeros: x.shape)
            each { _, rows, slots in
                guard !rows.isEmpty else { return }
                let part = MatMul.product(gradient.prefix(rows), stacked.prefix(slots))
                Elementwise.scatterAddRows(part, Array(sorted[rows]), into: dx)
            }
            tape.add(dx, to: x)
        }
    }
}
