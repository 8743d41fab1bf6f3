internal import Collectives
internal import Tensors

/// The directions in which features vary most.
struct PrincipalComponents {
    let inputDimension: Int
    let dimension: Int
    private let mean: [Float]
    /// [dimension, inputDimension], unit rows, the most varying first.
    private let directions: [Float]
    /// Share of the variance that the directions keep.
    let keptShare: Double

    /// Fits to the features of all ranks together; the same numbers for any number of ranks.
    /// - Parameters:
    ///   - blocks: of this rank, [rows, inputDimension] each, entries within -1...1. Which rows form a block must not
    ///     depend on the number of ranks.
    ///   - dimension: at most `inputDimension`, and at most the number of rows.
    init(
        _ blocks: [[Float]], inputDimension: Int, dimension: Int, communicator: any Communicator
    ) throws {
        precondition(dimension <= inputDimension, "\(dimension) of \(inputDimension) directions")
        var sums = [Int64](repeating: 0, count: inputDimension + 1)
        var products = [Int64](repeating: 0, count: inputDimension * inputDimension)
        for block in blocks {
            let rows = block.count / inputDimension
            sums[inputDimension] += Int64(rows)
            for row in 0..<rows {
                for i in 0..<inputDimension { sums[i] += FixedPoint.encode(block[row * inputDimension + i]) }
            }
            let product = LinearAlgebra.product(
                block, block, m: inputDimension, n: inputDimension, k: rows, transposeA: true)
            for i in products.indices { products[i] += FixedPoint.encode(product[i]) }
        }
        sums = try communicator.reduced(sums, .sum, label: "sums of features")
        products = try communicator.reduced(products, .sum, label: "products of features")
        let count = Double(sums[inputDimension])
        let means = sums.dropLast().map { FixedPoint.decode($0) / count }
        var covariance = [Float](repeating: 0, count: inputDimension * inputDimension)
        for i in 0..<inputDimension {
            for j in 0..<inputDimension {
                let place = i * inputDimension + j
                covariance[place] = Float(FixedPoint.decode(products[place]) / count - means[i] * means[j])
            }
        }
        guard let (values, vectors) = LinearAlgebra.symmetricEigen(covariance, order: inputDimension) else {
            throw TrainingError(.nonFinite, "the features of the crops have no principal components")
        }
        self.inputDimension = inputDimension
        self.dimension = dimension
        mean = means.map { Float($0) }
        directions = (0..<dimension).flatMap { k -> [Float] in
            let start = (inputDimension - 1 - k) * inputDimension
            return Self.upright(vectors[start..<start + inputDimension])
        }
        let variances = values.map { Double(max($0, 0)) }
        let total = variances.reduce(0, +)
        keptShare = total > 0 ? variances.suffix(dimension).reduce(0, +) / total : 1
    }

    /// An eigenvector's sign is arbitrary: its largest entry is made positive.
    private static func upright(_ vector: ArraySlice<Float>) -> [Float] {
        let largest = vector.max { abs($0) < abs($1) } ?? 0
        return largest < 0 ? vector.map { -$0 } : Array(vector)
    }

    /// [rows, dimension] of features [rows, inputDimension].
    func project(_ block: [Float]) -> [Float] {
        let rows = block.count / inputDimension
        var centred = block
        for row in 0..<rows {
            for i in 0..<inputDimension { centred[row * inputDimension + i] -= mean[i] }
        }
        return LinearAlgebra.product(
            centred, directions, m: rows, n: dimension, k: inputDimension, transposeB: true)
    }
}
