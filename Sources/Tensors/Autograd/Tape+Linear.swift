internal import CKernels

extension Tape {
    /// activation(x weightᵀ + bias) on rows. Products are of the tape's format, everything else is in 32 bits.
    /// - x: [R, I]; weight: [O, I] (a 1x1 convolution's [O, I, 1, 1] too); bias: [O].
    /// - Returns: [R, O], floats.
    package func linear(_ x: Variable, weight: Leaf, bias: Leaf?, activation: Activation = .none) -> Variable
    {
        let x = converted(x, to: .float32)
        let matrix = weight.value(in: dtype).reshaped([
            weight.value.shape[0], weight.value.count / weight.value.shape[0],
        ])
        let operand = x.tensor.converted(to: dtype)
        let y = MatMul.product(operand, matrix, transposeB: true)
        if let bias { ck_add_bias(Int64(y.rowCount), Int64(y.channelCount), bias.value.floats, y.floats) }
        if activation != .none { ck_relu(y.dtype.code, Int64(y.count), activation.ceiling, y.raw, y.raw) }
        return record(
            y, inputs: [x], leaves: [weight] + (bias.map { [$0] } ?? []), rectified: Rectified(y, activation)
        ) { dy, tape in
            let gradient = dy.converted(to: tape.dtype)
            weight.withGradient { weightGradient, accumulate in
                MatMul.product(
                    gradient, operand, transposeA: true, beta: accumulate ? 1 : 0,
                    into: weightGradient.reshaped(matrix.shape))
            }
            bias?.withGradient { Elementwise.columnSums(dy, into: $0, accumulate: $1) }
            tape.add(MatMul.product(gradient, matrix), to: x)
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
