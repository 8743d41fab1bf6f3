import Randomness
import Testing

/// Bounds are about five standard deviations, or 0.1 % points of chi-square.
@Suite struct DistributionTests {
    private func source(_ sample: Int) -> RandomSource {
        RandomSource(seed: 11, sample: sample, purpose: .test)
    }

    @Test func uniformFillsTheUnitIntervalEvenly() {
        var random = source(1)
        var counts = [Int](repeating: 0, count: 100)
        for _ in 0..<100_000 {
            let value = random.uniform()
            #expect(value >= 0 && value < 1)
            counts[Int(value * 100)] += 1
        }
        #expect(chiSquare(counts) < 148.2)  // 99 degrees of freedom
    }

    @Test func uniformInRangeStaysInside() {
        var random = source(2)
        let values = (0..<10000).map { _ in random.uniform(in: -2...6) }
        #expect(values.allSatisfy { (-2...6).contains($0) })
        let mean = values.reduce(0, +) / 10000
        #expect(abs(mean - 2) < 0.12)
    }

    @Test func integersReachBothEndsEvenly() {
        var random = source(3)
        var counts = [Int](repeating: 0, count: 9)
        for _ in 0..<18000 { counts[random.integer(in: 1...9) - 1] += 1 }
        #expect(chiSquare(counts) < 26.1)  // 8 degrees of freedom
    }

    @Test func normalHasUnitMoments() {
        var random = source(4)
        let values = (0..<100_000).map { _ in Double(random.normal()) }
        let mean = values.reduce(0, +) / 1e5
        let variance = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / 1e5
        let fourth = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) * ($1 - mean) * ($1 - mean) } / 1e5
        #expect(abs(mean) < 0.016)
        #expect(abs(variance - 1) < 0.023)
        #expect(abs(fourth / (variance * variance) - 3) < 0.08)
        let outside = values.count { abs($0) > 1.959964 }
        #expect(abs(outside - 5000) < 350)
    }

    @Test func bernoulliHasItsProbability() {
        var random = source(5)
        #expect(abs((0..<10000).count { _ in random.bernoulli(0.3) } - 3000) < 230)
        #expect((0..<1000).count { _ in random.bernoulli(0) } == 0)
        #expect((0..<1000).count { _ in random.bernoulli(1) } == 1000)
    }

    @Test func permutationsAreEquallyLikely() {
        var random = source(6)
        var counts: [[Int]: Int] = [:]
        for _ in 0..<12000 { counts[random.permutation(4), default: 0] += 1 }
        #expect(counts.count == 24)
        #expect(counts.keys.allSatisfy { $0.sorted() == [0, 1, 2, 3] })
        #expect(chiSquare(Array(counts.values)) < 49.7)  // 23 degrees of freedom
    }

    @Test func choosingGivesDistinctPositionsEvenly() {
        var random = source(7)
        var counts = [Int](repeating: 0, count: 10)
        for _ in 0..<5000 {
            let chosen = random.choose(3, from: 10)
            #expect(Set(chosen).count == 3)
            for position in chosen { counts[position] += 1 }
        }
        #expect(chiSquare(counts) < 27.9)  // 9 degrees of freedom
        #expect(random.choose(7, from: 5).sorted() == [0, 1, 2, 3, 4])
        #expect(random.choose(0, from: 5).isEmpty)
    }
}
