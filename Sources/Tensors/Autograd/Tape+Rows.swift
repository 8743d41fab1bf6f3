extension Tape {
    /// Some rows of a matrix, in any order, repeats allowed.
    /// - x: [..., C] read as rows. Returns [index.count, C].
    package func gatherRows(_ x: Variable, _ index: [Int32]) -> Variable {
        record(Elementwise.gatherRows(x.tensor, index), inputs: [x]) { dy, tape in
            let dx = Tensor(zeros: x.shape)
            Elementwise.scatterAddRows(dy, index, into: dx)
            tape.add(dx, to: x)
        }
    }

    /// Matrices of equal width, one below the other.
    package func concatenateRows(_ parts: [Variable]) -> Variable {
        precondition(!parts.isEmpty, "nothing to concatenate")
        let width = parts[0].tensor.channelCount
        let y = Tensor(uninitialized: [parts.reduce(0) { $0 + $1.tensor.rowCount }, width])
        var position = 0
        for part in parts {
            precondition(part.tensor.channelCount == width, "rows of \(width) and \(part.tensor.channelCount)")
            (y.floats + position).update(from: part.tensor.floats, count: part.tensor.count)
            position += part.tensor.count
        }
        return record(y, inputs: parts) { dy, tape in
            var row = 0
            for part in parts {
                tape.add(dy.prefix(row..<(row + part.tensor.rowCount)).copied(), to: part)
                row += part.tensor.rowCount
            }
        }
    }
}
