internal import CKernels

/// Sweeps over equal arrays and over the rows of a matrix.
package enum Elementwise {
    package static func sum(_ a: Tensor, _ b: Tensor) -> Tensor {
        let out = Tensor(uninitialized: a.shape, dtype: a.dtype)
        sum(a, b, into: out)
        return out
    }

    /// out = a + b; `out` may be one of them.
    static func sum(_ a: Tensor, _ b: Tensor, into out: Tensor) {
        precondition(
            a.count == b.count && a.count == out.count && a.dtype == b.dtype && a.dtype == out.dtype,
            "sum of \(a.dtype) \(a.shape) and \(b.dtype) \(b.shape)")
        ck_add(a.dtype.code, Int64(a.count), a.raw, b.raw, out.raw)
    }

    /// target += factor * source
    package static func add(_ source: Tensor, scaledBy factor: Float = 1, to target: Tensor) {
        precondition(source.count == target.count, "adding \(source.shape) to \(target.shape)")
        ck_add_scaled(Int64(source.count), factor, source.floats, target.floats)
    }

    package static func scale(_ tensor: Tensor, by factor: Float) {
        ck_scale(Int64(tensor.count), factor, tensor.floats)
    }

    package static func sigmoid(_ x: Tensor) -> Tensor {
        let y = Tensor(uninitialized: x.shape)
        ck_sigmoid(Int64(x.count), x.floats, y.floats)
        return y
    }

    /// Sum of squares in double precision, the same for any number of threads.
    package static func sumOfSquares(_ x: Tensor) -> Double { ck_sum_of_squares(Int64(x.count), x.floats) }

    package static func isFinite(_ x: Tensor) -> Bool { ck_all_finite(Int64(x.count), x.floats) != 0 }

    /// Sums over rows: target[c] (+)= sum of x[., c].
    static func columnSums(_ x: Tensor, into target: Tensor, accumulate: Bool) {
        var sums = [Double](repeating: 0, count: x.channelCount)
        ck_column_sums(x.dtype.code, Int64(x.rowCount), Int64(x.channelCount), x.raw, &sums)
        for c in sums.indices { target.floats[c] = (accumulate ? target.floats[c] : 0) + Float(sums[c]) }
    }

    /// The rows `index` of a matrix, as floats.
    package static func gatherRows(_ source: Tensor, _ index: [Int32]) -> Tensor {
        let out = Tensor(uninitialized: [index.count, source.channelCount])
        checkRows(index, rowCount: source.rowCount)
        ck_gather_rows(
            source.dtype.code, Int64(index.count), Int64(source.channelCount), index, source.raw, out.floats)
        return out
    }

    /// target[index[i]] += rows[i]
    package static func scatterAddRows(_ rows: Tensor, _ index: [Int32], into target: Tensor) {
        checkRows(index, rowCount: target.rowCount)
        ck_scatter_add_rows(Int64(index.count), Int64(target.channelCount), index, rows.floats, target.floats)
    }

    private static func checkRows(_ index: [Int32], rowCount: Int) {
        for i in index { precondition(i >= 0 && Int(i) < rowCount, "row \(i) of \(rowCount)") }
    }

    /// target = momentum * target + (1 - momentum) * online
    package static func exponentialAverage(_ online: Tensor, into target: Tensor, momentum: Float) {
        precondition(online.count == target.count, "averaging \(online.shape) into \(target.shape)")
        ck_exponential_average(Int64(online.count), momentum, online.floats, target.floats)
    }
}
