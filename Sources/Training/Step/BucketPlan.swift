package import NN

/// The arena cut into stretches that are reduced as one message each.
///
/// Made once from the parameter list, from its end: backward fills the last parameters first. Sizes and order depend on
/// the model alone, so every rank sends the same messages in the same order whatever its data.
package struct BucketPlan: Sendable {
    package struct Bucket: Sendable {
        /// Floats of the arena.
        package let range: Range<Int>
        /// Positions in `ParameterArena.entries`.
        package let entries: Range<Int>
    }

    /// In the order in which they are sent.
    package let buckets: [Bucket]
    /// The bucket of each entry.
    let bucketOfEntry: [Int]

    /// - bucketByteCount: a bucket is closed once it holds at least this much.
    package init(_ arena: ParameterArena, bucketByteCount: Int) {
        var buckets: [Bucket] = []
        var bucketOfEntry = [Int](repeating: 0, count: arena.entries.count)
        var end = arena.count
        var lastEntry = arena.entries.count
        for i in arena.entries.indices.reversed() {
            bucketOfEntry[i] = buckets.count
            let start = arena.entries[i].offset
            if (end - start) * 4 >= bucketByteCount || i == 0 {
                buckets.append(Bucket(range: start..<end, entries: i..<lastEntry))
                end = start
                lastEntry = i
            }
        }
        self.buckets = buckets
        self.bucketOfEntry = bucketOfEntry
    }
}
