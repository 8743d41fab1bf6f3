import Randomness
import Testing

@Suite struct StreamTests {
    private func words(_ random: RandomSource, _ count: Int = 1000) -> [UInt32] {
        var random = random
        return (0..<count).map { _ in random.nextWord() }
    }

    @Test func aStreamIsAFunctionOfItsFourKeys() {
        let base = words(RandomSource(seed: 1, epoch: 2, sample: 3, purpose: .order))
        #expect(words(RandomSource(seed: 1, epoch: 2, sample: 3, purpose: .order)) == base)
        let others = [
            RandomSource(seed: 2, epoch: 2, sample: 3, purpose: .order),
            RandomSource(seed: 1 << 32 | 1, epoch: 2, sample: 3, purpose: .order),
            RandomSource(seed: 1, epoch: 3, sample: 3, purpose: .order),
            RandomSource(seed: 1, epoch: 2, sample: 4, purpose: .order),
            RandomSource(seed: 1, epoch: 2, sample: 1 << 32 | 3, purpose: .order),
            RandomSource(seed: 1, epoch: 2, sample: 3, purpose: .augmentation),
        ]
        for other in others { #expect(Set(words(other)).intersection(base).count <= 1) }
    }

    /// 8 streams of 32,000 bits each: the share of equal bits in two of them has a standard deviation of 0.0028.
    @Test func purposesAreUncorrelated() {
        let purposes: [RandomPurpose] = [
            .order, .augmentation, .secondView, .weights, .sampling, .dropout, .proposals, .test,
        ]
        let streams = purposes.map { words(RandomSource(seed: 42, epoch: 1, sample: 17, purpose: $0)) }
        for (i, first) in streams.enumerated() {
            for second in streams[(i + 1)...] {
                let different = zip(first, second).reduce(0) { $0 + ($1.0 ^ $1.1).nonzeroBitCount }
                #expect(abs(Double(different) / 32000 - 0.5) < 0.014)
            }
        }
    }

    /// First numbers of neighbouring samples are what augmentation consists of.
    @Test func firstNumbersOfNeighbouringSamplesAreUniform() {
        var counts = [Int](repeating: 0, count: 16)
        for sample in 0..<16000 {
            var random = RandomSource(seed: 0, epoch: 0, sample: sample, purpose: .augmentation)
            counts[Int(random.nextWord() >> 28)] += 1
        }
        #expect(chiSquare(counts) < 37.7)  // 0.1 % of 15 degrees of freedom
    }
}

/// The sum of (count - mean)² / mean over classes that should be equally frequent.
func chiSquare(_ counts: [Int]) -> Double {
    let mean = Double(counts.reduce(0, +)) / Double(counts.count)
    return counts.reduce(0) { $0 + (Double($1) - mean) * (Double($1) - mean) / mean }
}
