import Detection
import Randomness
import Testing

@Suite struct RandomSamplerTests {
    /// 40 positives, 100 negatives, 60 ignored, mixed.
    private let assigned: [Int32] = (0..<200).map {
        $0 % 5 == 0 ? 3 : $0 % 10 < 6 && $0 % 2 == 1 || $0 % 10 > 7 ? -1 : -2
    }

    private func source(_ sample: Int) -> RandomSource {
        RandomSource(seed: 9, sample: sample, purpose: .sampling)
    }

    private func draw(
        _ sampler: RandomSampler, sample: Int = 1, isValid: [Bool]? = nil
    ) -> (positives: [Int], negatives: [Int]) {
        var random = source(sample)
        return sampler.sample(
            assigned, isValid: isValid ?? [Bool](repeating: true, count: assigned.count), random: &random)
    }

    @Test func drawsAtMostItsCountAndFillsUpWithNegatives() {
        let (positives, negatives) = draw(RandomSampler(count: 32, positiveFraction: 0.5))
        #expect(positives.count == 16 && negatives.count == 16)
        #expect(Set(positives).count == 16 && Set(negatives).count == 16)
        #expect(positives.allSatisfy { assigned[$0] >= 0 } && negatives.allSatisfy { assigned[$0] == -1 })
        #expect(positives == positives.sorted() && negatives == negatives.sorted())
    }

    @Test func takesAllWhereThereAreFew() {
        let (positives, negatives) = draw(RandomSampler(count: 1000))
        #expect(positives == assigned.indices.filter { assigned[$0] >= 0 })
        #expect(negatives == assigned.indices.filter { assigned[$0] == -1 })
    }

    @Test func negativesAreBoundedByPositives() {
        let (positives, negatives) = draw(
            RandomSampler(count: 100, positiveFraction: 0.1, negativesPerPositive: 3))
        #expect(positives.count == 10 && negatives.count == 30)
    }

    @Test func invalidAnchorsAreNeverDrawn() {
        let (positives, negatives) = draw(
            RandomSampler(count: 1000), isValid: assigned.indices.map { $0 < 100 })
        #expect((positives + negatives).allSatisfy { $0 < 100 } && !positives.isEmpty && !negatives.isEmpty)
    }

    @Test func theDrawIsAFunctionOfItsSource() {
        let sampler = RandomSampler(count: 32, positiveFraction: 0.5)
        #expect(draw(sampler).positives == draw(sampler).positives)
        #expect(draw(sampler).positives != draw(sampler, sample: 2).positives)
    }

    @Test func everyAnchorHasItsChance() {
        var counts = [Int](repeating: 0, count: assigned.count)
        for sample in 0..<400 {
            for i in draw(RandomSampler(count: 10, positiveFraction: 1), sample: sample).positives {
                counts[i] += 1
            }
        }
        // 10 of 40 each time: 100 expected, deviation 8.7.
        let drawn = assigned.indices.filter { assigned[$0] >= 0 }.map { counts[$0] }
        #expect(drawn.count == 40 && drawn.allSatisfy { (60...140).contains($0) })
    }
}
