internal import CKernels

extension Tape {
    /// A map cut into windows; padding and shift are the grid's.
    /// - x: [N, H, W, C]. Returns [N windows, tokens, C], an image's windows row by row.
    package func windows(_ x: Variable, _ grid: WindowGrid) -> Variable {
        record(grid.partition(x.tensor), inputs: [x]) { dy, tape in tape.add(grid.merge(dy), to: x) }
    }

    /// The reverse of `windows`.
    /// - y: [N windows, tokens, C]. Returns [N, H, W, C].
    package func merged(_ y: Variable, _ grid: WindowGrid) -> Variable {
        record(grid.merge(y.tensor), inputs: [y]) { dx, tape in tape.add(grid.partition(dx), to: y) }
    }

    /// Each square of four pixels as one pixel: the first half of a patch merging.
    /// - x: [N, H, W, C], padded with zeros to even sides.
    /// - Returns: [N, H / 2, W / 2, 4 C], sizes rounded up; (row, column) 00 10 01 11.
    package func joinedSquares(_ x: Variable) -> Variable {
        let (n, h, w, c) = (x.shape[0], x.shape[1], x.shape[2], x.shape[3])
        let y = Tensor(uninitialized: [n, (h + 1) / 2, (w + 1) / 2, 4 * c])
        ck_join_squares(Int64(n), Int64(h), Int64(w), Int64(c), x.tensor.floats, y.floats)
        return record(y, inputs: [x]) { dy, tape in
            let dx = Tensor(uninitialized: x.shape)
            ck_part_squares(Int64(n), Int64(h), Int64(w), Int64(c), dy.floats, dx.floats)
            tape.add(dx, to: x)
        }
    }

    /// x + factor · branch, one factor an item: a residual branch that some images skip.
    /// - x, branch: [N, ...]; factors: N of them, constants.
    package func add(_ x: Variable, _ branch: Variable, factors: [Float]) -> Variable {
        precondition(
            x.shape == branch.shape && factors.count == x.shape[0], "\(x.shape), \(factors.count) factors")
        let y = x.tensor.copied()
        Self.addItems(branch.tensor, factors, to: y)
        return record(y, inputs: [x, branch]) { dy, tape in
            tape.add(dy, to: x)
            guard branch.needsGradient else { return }
            let gradient = Tensor(zeros: branch.shape)
            Self.addItems(dy, factors, to: gradient)
            tape.add(gradient, to: branch)
        }
    }

    private static func addItems(_ source: Tensor, _ factors: [Float], to target: Tensor) {
        let size = source.count / max(1, factors.count)
        for (n, factor) in factors.enumerated() where factor != 0 {
            ck_add_scaled(Int64(size), factor, source.floats + n * size, target.floats + n * size)
        }
    }

    /// The rows of a table that a list names, as one page a column: biases of attention by relative position.
    /// - table: [T, H]; rows: L² of them, each below T.
    /// - Returns: [H, L, L].
    package func relativeBias(_ table: Leaf, rows: [Int32]) -> Variable {
        let (heads, pairs) = (table.value.channelCount, rows.count)
        let side = Int(Double(pairs).squareRoot().rounded())
        precondition(side * side == pairs, "\(pairs) pairs of tokens")
        let y = Tensor(uninitialized: [heads, side, side])
        for (pair, row) in rows.enumerated() {
            let source = table.value.floats + Int(row) * heads
            for head in 0..<heads { y.floats[head * pairs + pair] = source[head] }
        }
        return record(y, inputs: [], leaves: [table]) { dy, _ in
            table.withGradient { target, accumulate in
                if !accumulate { target.floats.update(repeating: 0, count: target.count) }
                for (pair, row) in rows.enumerated() {
                    let sum = target.floats + Int(row) * heads
                    for head in 0..<heads { sum[head] += dy.floats[head * pairs + pair] }
                }
            }
        }
    }
}
