internal import COneDNN
internal import COpenBLAS

/// Matrix products of row-major matrices, both of one format; the result is in floats.
package enum MatMul {
    /// alpha op(a) op(b), shapes [M, K] and [K, N] after transposition.
    package static func product(
        _ a: Tensor, _ b: Tensor, transposeA: Bool = false, transposeB: Bool = false, alpha: Float = 1
    ) -> Tensor {
        let m = a.shape[transposeA ? 1 : 0]
        let n = b.shape[transposeB ? 0 : 1]
        let c = Tensor(uninitialized: [m, n])
        product(a, b, transposeA: transposeA, transposeB: transposeB, alpha: alpha, beta: 0, into: c)
        return c
    }

    /// c = alpha op(a) op(b) + beta c.
    package static func product(
        _ a: Tensor, _ b: Tensor, transposeA: Bool = false, transposeB: Bool = false, alpha: Float = 1,
        beta: Float,
        into c: Tensor
    ) {
        precondition(
            a.shape.count == 2 && b.shape.count == 2 && a.dtype == b.dtype,
            "matrix product of \(a.dtype) \(a.shape) and \(b.dtype) \(b.shape)")
        let (m, k) = transposeA ? (a.shape[1], a.shape[0]) : (a.shape[0], a.shape[1])
        let (inner, n) = transposeB ? (b.shape[1], b.shape[0]) : (b.shape[0], b.shape[1])
        precondition(k == inner && c.count == m * n, "product of \(a.shape) and \(b.shape) into \(c.shape)")
        guard m > 0, n > 0 else { return }
        guard k > 0 else {
            // A beta of 0 must not keep a NaN that was in memory.
            for i in 0..<c.count { c.floats[i] = beta == 0 ? 0 : c.floats[i] * beta }
            return
        }
        KernelCounters.flopCount += 2 * m * n * k
        let (lda, ldb) = (Int64(a.shape[1]), Int64(b.shape[1]))
        switch KernelSet.current {
        case .fast where a.dtype == .bfloat16:
            precondition(
                beta == 0 || beta == 1,
                "products of 16-bit matrices are stored or added, not weighed: \(beta)")
            let status = cdnnl_bgemm(
                transposeA ? 1 : 0, transposeB ? 1 : 0, Int64(m), Int64(n), Int64(k), alpha, a.raw, lda,
                b.raw, ldb,
                beta == 1 ? 1 : 0, c.floats, Int64(n))
            precondition(
                status == 0,
                "oneDNN: \(String(cString: cdnnl_status_text(status))) in a \(m)x\(n)x\(k) product")
        case .plain:
            let (a, b) = (a.converted(to: .float32), b.converted(to: .float32))
            cblas_shim_sgemm(
                transposeA ? 1 : 0, transposeB ? 1 : 0, Int64(m), Int64(n), Int64(k), alpha, a.floats, lda,
                b.floats,
                ldb, beta, c.floats, Int64(n))
        case .fast where alpha == 1 && (beta == 0 || beta == 1) && TiledProduct.serves(m: m, n: n, depth: k):
            TiledProduct.product(
                m: m, n: n, depth: k, .init(a, isTransposed: transposeA),
                .init(columnsOf: b, isTransposed: transposeB),
                into: c, accumulate: beta == 1)
        case .fast:
            let status = cdnnl_sgemm(
                transposeA ? 1 : 0, transposeB ? 1 : 0, Int64(m), Int64(n), Int64(k), alpha, a.floats, lda,
                b.floats,
                ldb, beta, c.floats, Int64(n))
            precondition(
                status == 0,
                "oneDNN: \(String(cString: cdnnl_status_text(status))) in a \(m)x\(n)x\(k) product")
        }
    }
}
