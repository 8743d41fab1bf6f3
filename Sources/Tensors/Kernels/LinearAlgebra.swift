internal import COpenBLAS

/// Dense linear algebra on plain arrays, by OpenBLAS whatever kernels the network uses: for fitting, not for training.
package enum LinearAlgebra {
    /// C[m, n] = op(a) op(b), row-major.
    /// - Parameters:
    ///   - a: [m, k], or [k, m] if transposed.
    ///   - b: [k, n], or [n, k] if transposed.
    package static func product(
        _ a: [Float], _ b: [Float], m: Int, n: Int, k: Int, transposeA: Bool = false, transposeB: Bool = false
    ) -> [Float] {
        precondition(
            a.count == m * k && b.count == k * n, "product of \(a.count) and \(b.count) as \(m)x\(n)x\(k)")
        return [Float](unsafeUninitializedCapacity: m * n) { c, count in
            count = m * n
            guard m > 0, n > 0, let target = c.baseAddress else { return }
            guard k > 0 else { return c.initialize(repeating: 0) }
            a.withUnsafeBufferPointer { a in
                b.withUnsafeBufferPointer { b in
                    cblas_shim_sgemm(
                        transposeA ? 1 : 0, transposeB ? 1 : 0, Int64(m), Int64(n), Int64(k), 1,
                        a.baseAddress,
                        Int64(transposeA ? m : k), b.baseAddress, Int64(transposeB ? k : n), 0, target,
                        Int64(n))
                }
            }
        }
    }

    /// Eigenvalues, ascending, and unit eigenvectors of a symmetric matrix; vector i is row i.
    /// - matrix: [order, order]; only one triangle is read.
    /// - Returns: nil where LAPACK does not converge, as for a matrix with numbers that are not finite.
    /// - Source: LAPACK `ssyevd`, divide and conquer.
    package static func symmetricEigen(_ matrix: [Float], order: Int) -> (values: [Float], vectors: [Float])?
    {
        precondition(matrix.count == order * order, "\(matrix.count) numbers in a matrix of order \(order)")
        guard order > 0 else { return ([], []) }
        guard matrix.allSatisfy(\.isFinite) else { return nil }
        var vectors = matrix
        var values = [Float](repeating: 0, count: order)
        let status = vectors.withUnsafeMutableBufferPointer { vectors in
            values.withUnsafeMutableBufferPointer { values in
                cblas_shim_ssyevd(Int64(order), vectors.baseAddress, values.baseAddress)
            }
        }
        return status == 0 ? (values, vectors) : nil
    }
}
