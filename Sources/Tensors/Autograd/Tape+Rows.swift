internal import CKernels

extension Tape {
    /// Some rows of a matrix, in any order, repeats allowed; in 32 bits whatever the matrix is.
    /// - x: [..., C] read as rows. Returns [index.count, C].
    package func gatherRows(_ x: Variable, _ index: [Int32]) -> Variable {
        record(Elementwise.gatherRows(x.tensor, index), inputs: [x]) { dy, tape in
            let dx = Tensor(zeros: x.shape)
            Elementwise.scatterAddRows(dy, index, into: dx)
            tape.add(dx.converted(to: x.dtype), to: x)
        }
    }

    /// Matrices of equal width, one below the other.
    package func concatenateRows(_ parts: [Variable]) -> Variable {
        precondition(!parts.isEmpty, "nothing to concatenate")
        let width = parts[0].tensor.channelCount
        let y = Tensor(uninitialized: [parts.reduce(0) { $0 + $1.tensor.rowCount }, width])
        var position = 0
        for part in parts {
            precondition(
                part.tensor.channelCount == width, "rows of \(width) and \(part.tensor.channelCount)")
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

    /// Windows around chosen pixels: the rows that a convolution's weights, read as a matrix, are multiplied with.
    /// - x: [N, H, W, C]; cells: positions in [N H W], repeats allowed; kernel: odd; 0 outside the map.
    /// - Returns: [cells.count, C kernel kernel], in the order of the weights' axes.
    package func gatherPatches(_ x: Variable, _ cells: [Int32], kernel: Int) -> Variable {
        let x = converted(x, to: .float32)
        precondition(x.shape.count == 4 && kernel % 2 == 1, "patches of \(kernel) from \(x.shape)")
        for cell in cells {
            precondition(cell >= 0 && cell < x.tensor.rowCount, "cell \(cell) of \(x.shape)")
        }
        let (h, w, channels) = (Int64(x.shape[1]), Int64(x.shape[2]), Int64(x.shape[3]))
        let y = Tensor(uninitialized: [cells.count, x.shape[3] * kernel * kernel])
        ck_gather_patches(Int64(cells.count), h, w, channels, Int64(kernel), cells, x.tensor.floats, y.floats)
        return record(y, inputs: [x]) { dy, tape in
            let dx = Tensor(zeros: x.shape)
            ck_scatter_patches(Int64(cells.count), h, w, channels, Int64(kernel), cells, dy.floats, dx.floats)
            tape.add(dx, to: x)
        }
    }
}
