import Detection
import TestSupport
import Testing

@Suite struct TopScoresTests {
    @Test func sortingKeepsTheOrderOfEqualValues() {
        #expect(TopScores.descending([1, -2, 3, 1, -0.0, 0, -2, 3]) == [2, 7, 0, 3, 4, 5, 1, 6])
    }

    /// Few distinct values make ties across the limit; many make the sampled bound matter.
    @Test(arguments: [3, 100, 1_000_000])
    func theBestOfManyAreThoseOfSortingAll(distinct: Int) {
        let values = (0..<30_000).map { Float(GoldenWeights.hash(3, $0) % UInt64(distinct)) }
        let sorted = values.indices.sorted { (-values[$0], $0) < (-values[$1], $1) }
        values.withUnsafeBufferPointer { buffer in
            for limit in [0, 1, 700, 29_999, 40_000] {
                #expect(TopScores.best(limit, of: buffer) == Array(sorted.prefix(limit)), "\(limit)")
            }
        }
    }
}
