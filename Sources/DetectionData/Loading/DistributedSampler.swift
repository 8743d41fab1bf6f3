/// One rank's part of every global batch, cut into micro-batches.
///
/// Parts are contiguous and in rank order, so all parts in a row are the global batch whatever the number of ranks;
/// where it does not divide evenly, parts differ by one.
package struct DistributedSampler: Sendable {
    package let plan: BatchPlan
    package let rank: Int
    package let worldSize: Int
    package let microBatchSize: Int

    /// - Throws: where there are more ranks than images in a global batch: a rank without images would have no
    ///   part in a step.
    package init(plan: BatchPlan, rank: Int, worldSize: Int, microBatchSize: Int) throws(DataError) {
        precondition((0..<worldSize).contains(rank) && microBatchSize > 0, "rank \(rank) of \(worldSize)")
        guard worldSize <= plan.globalBatchSize else {
            throw DataError(
                .usage, "\(worldSize) ranks cannot share a global batch of \(plan.globalBatchSize) images",
                hint: "start at most \(plan.globalBatchSize) ranks or raise the global batch")
        }
        self.plan = plan
        self.rank = rank
        self.worldSize = worldSize
        self.microBatchSize = microBatchSize
    }

    /// How many micro-batches this rank has in every step.
    package var microBatchCount: Int {
        (Self.range(of: plan.globalBatchSize, rank: rank, worldSize: worldSize).count + microBatchSize - 1)
            / microBatchSize
    }

    /// This rank's images at `step`, `microBatchSize` at a time; the last micro-batch may be smaller.
    package func microBatches(ofStep step: Int) -> [[BatchPlan.Item]] {
        let part = Self.slice(plan.globalBatch(ofStep: step), rank: rank, worldSize: worldSize)
        return stride(from: part.startIndex, to: part.endIndex, by: microBatchSize).map {
            Array(part[$0..<min($0 + microBatchSize, part.endIndex)])
        }
    }

    /// The part of `globalBatch` that `rank` of `worldSize` works on.
    package static func slice<Element>(_ globalBatch: [Element], rank: Int, worldSize: Int) -> ArraySlice<
        Element
    > {
        globalBatch[range(of: globalBatch.count, rank: rank, worldSize: worldSize)]
    }

    /// The positions in a list of `count` that `rank` of `worldSize` works on; also divides images to be evaluated.
    package static func range(of count: Int, rank: Int, worldSize: Int) -> Range<Int> {
        precondition((0..<worldSize).contains(rank), "rank \(rank) of \(worldSize)")
        return count * rank / worldSize..<count * (rank + 1) / worldSize
    }
}
