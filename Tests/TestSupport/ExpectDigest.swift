package import Tensors
package import Testing

/// Compares a large array by what a fixture keeps of it: sampled entries, norm and sum. Row-major in both.
///
/// Samples are judged beside the largest of them or the root mean square, the sum beside what a sum of
/// entries of that norm can reach: an entry's error is a share of its neighbours' size, not of its own.
/// - Returns: the worst of the three errors.
@discardableResult
package func expectDigest(
    _ array: Tensor, positions: [Int], samples: [Double], norm: Double, sum: Double,
    relative tolerance: Double,
    _ what: String, sourceLocation: SourceLocation = #_sourceLocation
) -> Double {
    guard positions.count == samples.count, positions.allSatisfy({ $0 < array.count }) else {
        Issue.record("\(what): sampled beyond its \(array.count) entries", sourceLocation: sourceLocation)
        return .infinity
    }
    let root = Double(array.count).squareRoot()
    let scale = max(samples.reduce(0) { max($0, abs($1)) }, norm / root)
    // The scale itself as one more entry makes it the magnitude that the others are judged by.
    let sampled = expectClose(
        positions.map { Double(array.floats[$0]) } + [scale], samples + [scale], relative: tolerance,
        "\(what) samples", sourceLocation: sourceLocation)
    let ownNorm = Elementwise.sumOfSquares(array).squareRoot()
    let normed = expectClose(
        ownNorm, norm, relative: tolerance, "\(what) norm", sourceLocation: sourceLocation)
    var ownSum = 0.0
    for i in 0..<array.count { ownSum += Double(array.floats[i]) }
    let summed = expectClose(
        [ownSum, norm * root], [sum, norm * root], relative: tolerance, "\(what) sum",
        sourceLocation: sourceLocation)
    return max(sampled, normed, summed)
}

/// The same with the fixture's entries `<key>.positions`, `.samples`, `.norm` and `.sum`.
@discardableResult
package func expectDigest(
    _ array: Tensor, _ file: GoldenTensors, _ key: String, relative tolerance: Double,
    sourceLocation: SourceLocation = #_sourceLocation
) throws -> Double {
    expectDigest(
        array, positions: try file.integers(key + ".positions"), samples: try file.doubles(key + ".samples"),
        norm: try file.scalar(key + ".norm"), sum: try file.scalar(key + ".sum"), relative: tolerance, key,
        sourceLocation: sourceLocation)
}
