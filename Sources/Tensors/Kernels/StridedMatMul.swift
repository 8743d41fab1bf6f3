internal import COneDNN
internal import COpenBLAS

/// A row-major matrix whose rows lie `stride` floats apart: a head's channels inside a token, for example.
struct MatrixView {
    let base: UnsafeMutablePointer<Float>
    let rows: Int
    let columns: Int
    let stride: Int

    /// Some of the rows.
    func rows(_ range: Range<Int>) -> MatrixView {
        MatrixView(
            base: base + range.lowerBound * stride, rows: range.count, columns: columns, stride: stride)
    }
}

extension MatMul {
    /// c = alpha op(a) op(b) + beta c, on whatever thread calls. Does not count its operations.
    static func product(
        _ kernels: KernelSet, _ a: MatrixView, _ b: MatrixView, transposeA: Bool = false,
        transposeB: Bool = false,
        alpha: Float = 1, beta: Float, into c: MatrixView
    ) {
        let inner = transposeA ? a.rows : a.columns
        let (ta, tb): (Int32, Int32) = (transposeA ? 1 : 0, transposeB ? 1 : 0)
        switch kernels {
        case .plain:
            cblas_shim_sgemm(
                ta, tb, Int64(c.rows), Int64(c.columns), Int64(inner), alpha, a.base, Int64(a.stride), b.base,
                Int64(b.stride), beta, c.base, Int64(c.stride))
        case .fast:
            let status = cdnnl_sgemm(
                ta, tb, Int64(c.rows), Int64(c.columns), Int64(inner), alpha, a.base, Int64(a.stride), b.base,
                Int64(b.stride), beta, c.base, Int64(c.stride))
            precondition(
                status == 0, "oneDNN: \(String(cString: cdnnl_status_text(status))) in a strided product")
        }
    }
}
