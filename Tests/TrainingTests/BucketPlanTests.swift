import NN
import Testing

@testable import Training

@Suite struct BucketPlanTests {
    private func arena(_ counts: [Int]) -> ParameterArena {
        ParameterArena(counts.enumerated().map { ("p\($0.offset)", Parameter([$0.element], .zeros)) })
    }

    /// Sizes around the 16 floats that a parameter's place is a multiple of.
    @Test(arguments: [1, 64, 65, 200, 256, 4096, 1 << 30])
    func bucketsCoverTheArenaOnceFromItsEnd(bucketByteCount: Int) {
        for counts in [[1], [16], [17, 1], [3, 40, 16, 1, 500, 33, 2], [Int](repeating: 20, count: 50)] {
            let arena = arena(counts)
            let plan = BucketPlan(arena, bucketByteCount: bucketByteCount)
            var (end, lastEntry) = (arena.count, counts.count)
            for (i, bucket) in plan.buckets.enumerated() {
                #expect(bucket.range.upperBound == end && bucket.entries.upperBound == lastEntry)
                #expect(!bucket.entries.isEmpty)
                #expect(bucket.range.lowerBound == arena.entries[bucket.entries.lowerBound].offset)
                for entry in bucket.entries { #expect(plan.bucketOfEntry[entry] == i) }
                (end, lastEntry) = (bucket.range.lowerBound, bucket.entries.lowerBound)
            }
            #expect(end == 0 && lastEntry == 0)
        }
    }

    @Test func aBucketIsClosedAsSoonAsItIsFull() {
        // Places of 16, 48, 16, 16 and 32 floats.
        let plan = BucketPlan(arena([1, 40, 16, 3, 20]), bucketByteCount: 48 * 4)
        #expect(plan.buckets.map(\.range) == [80..<128, 16..<80, 0..<16])
        #expect(plan.buckets.map(\.entries) == [3..<5, 1..<3, 0..<1])
    }

    @Test func smallModelsAreOneMessage() {
        #expect(BucketPlan(arena([1, 40, 16]), bucketByteCount: 8 << 20).buckets.map(\.range) == [0..<80])
    }
}
