internal import Foundation

extension RandomSource {
    /// Uniform in [0, 1), 24 bits.
    package mutating func uniform() -> Float { Float(nextWord() >> 8) * 0x1p-24 }

    /// Uniform in [0, 1), 53 bits.
    package mutating func uniformDouble() -> Double { Double(next() >> 11) * 0x1p-53 }

    package mutating func uniform(in range: ClosedRange<Float>) -> Float {
        range.lowerBound + (range.upperBound - range.lowerBound) * uniform()
    }

    /// True with probability `p`.
    package mutating func bernoulli(_ p: Float) -> Bool { uniform() < p }

    /// An integer in `range`, each equally likely.
    package mutating func integer(in range: ClosedRange<Int>) -> Int {
        Int.random(in: range, using: &self)
    }

    /// Standard normal, by Box and Muller's method in double precision.
    package mutating func normal() -> Float {
        let radius = (-2 * log(1 - uniformDouble())).squareRoot()
        return Float(radius * cos(2 * .pi * uniformDouble()))
    }

    /// A permutation of 0..<count.
    package mutating func permutation(_ count: Int) -> [Int] {
        Array(0..<count).shuffled(using: &self)
    }

    /// `count` distinct positions of 0..<total in random order; all of them, shuffled, if `count >= total`.
    package mutating func choose(_ count: Int, from total: Int) -> [Int] {
        var positions = Array(0..<total)
        let taken = min(count, total)
        for i in 0..<taken {
            positions.swapAt(i, integer(in: i...(total - 1)))
        }
        return Array(positions[0..<taken])
    }
}
