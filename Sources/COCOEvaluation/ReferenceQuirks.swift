/// Arithmetic of the reference evaluation (pycocotools 2.0 on numpy) that decides last digits and ties.
enum ReferenceQuirks {
    /// Added to the denominator of a precision; a lone perfect detection has precision 1 - 2^-52.
    static let precisionEpsilon = 0x1p-52

    /// An overlap of exactly 1 passes any threshold.
    static let highestThreshold = 1 - 1e-10

    /// Evenly spaced numbers with numpy's rounding: the step is rounded once, the last number is exact.
    ///
    /// Ten thresholds from 0.5 to 0.95 hold 0.8999999999999999, and ten of the 101 recall points lie one step
    /// above their decimal, so that a recall of exactly 0.35 does not reach "0.35".
    static func linearSpace(from start: Double, through end: Double, count: Int) -> [Double] {
        let step = (end - start) / Double(count - 1)
        return (0..<count).map { $0 == count - 1 ? end : Double($0) * step + start }
    }

    /// The mean with numpy's order of additions, so that every digit agrees; nil of nothing.
    static func mean(_ values: [Double]) -> Double? {
        values.isEmpty ? nil : sum(values) / Double(values.count)
    }

    /// The sum with numpy's order of additions.
    static func sum(_ values: [Double]) -> Double { values.withUnsafeBufferPointer { pairwiseSum($0[...]) } }

    /// Blocks of at most 128 numbers in eight interleaved sums, halves above that.
    private static func pairwiseSum(_ values: Slice<UnsafeBufferPointer<Double>>) -> Double {
        let count = values.count
        let first = values.startIndex
        guard count >= 8 else { return values.reduce(0, +) }
        guard count <= 128 else {
            let half = count / 2 / 8 * 8
            return pairwiseSum(values[first..<first + half]) + pairwiseSum(values[(first + half)...])
        }
        var sums = Array(values[first..<first + 8])
        let whole = count / 8 * 8
        for i in stride(from: 8, to: whole, by: 8) {
            for j in 0..<8 { sums[j] += values[first + i + j] }
        }
        let total = ((sums[0] + sums[1]) + (sums[2] + sums[3])) + ((sums[4] + sums[5]) + (sums[6] + sums[7]))
        return values[(first + whole)...].reduce(total, +)
    }
}
