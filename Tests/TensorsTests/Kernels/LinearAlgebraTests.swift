import Testing

@testable import Tensors

@Suite struct LinearAlgebraTests {
    @Test func productsOfTransposedMatricesAreHandComputed() {
        // [[1, 2, 3], [4, 5, 6]] and [[1, 0], [2, 1], [0, 3]].
        let (a, aTransposed): ([Float], [Float]) = ([1, 2, 3, 4, 5, 6], [1, 4, 2, 5, 3, 6])
        let (b, bTransposed): ([Float], [Float]) = ([1, 0, 2, 1, 0, 3], [1, 2, 0, 0, 1, 3])
        let expected: [Float] = [5, 11, 14, 23]
        #expect(LinearAlgebra.product(a, b, m: 2, n: 2, k: 3) == expected)
        #expect(LinearAlgebra.product(aTransposed, b, m: 2, n: 2, k: 3, transposeA: true) == expected)
        #expect(LinearAlgebra.product(a, bTransposed, m: 2, n: 2, k: 3, transposeB: true) == expected)
        #expect(LinearAlgebra.product([], [], m: 2, n: 1, k: 0) == [0, 0])
    }

    /// Eigenvalues 1 and 3 of [[2, 1], [1, 2]], and a matrix put together from known vectors.
    @Test func eigenvectorsAreRowsInAscendingOrder() throws {
        let small = try #require(LinearAlgebra.symmetricEigen([2, 1, 1, 2], order: 2))
        #expect(abs(small.values[0] - 1) < 1e-6 && abs(small.values[1] - 3) < 1e-6)
        #expect(abs(small.vectors[0] + small.vectors[1]) < 1e-6)
        #expect(abs(small.vectors[2] - small.vectors[3]) < 1e-6)

        let order = 65
        // A Householder reflection of the numbers 1...65 on the diagonal.
        let raw = (0..<order).map { Float($0 % 7) - 2.5 }
        let scale = 2 / raw.reduce(0) { $0 + $1 * $1 }
        func reflection(_ i: Int, _ j: Int) -> Float { (i == j ? 1 : 0) - scale * raw[i] * raw[j] }
        var matrix = [Float](repeating: 0, count: order * order)
        for i in 0..<order {
            for j in 0..<order {
                matrix[i * order + j] = (0..<order).reduce(0) {
                    $0 + reflection(i, $1) * Float($1 + 1) * reflection(j, $1)
                }
            }
        }
        let (values, vectors) = try #require(LinearAlgebra.symmetricEigen(matrix, order: order))
        for k in 0..<order {
            #expect(abs(values[k] - Float(k + 1)) < 1e-3)
            let agreement = (0..<order).reduce(Float(0)) { $0 + vectors[k * order + $1] * reflection($1, k) }
            #expect(abs(abs(agreement) - 1) < 1e-3)
        }
    }

    @Test func matricesThatAreNotFiniteHaveNone() {
        #expect(LinearAlgebra.symmetricEigen([.nan, 1, 1, 2], order: 2) == nil)
        #expect(LinearAlgebra.symmetricEigen([], order: 0)?.values == [])
    }
}
