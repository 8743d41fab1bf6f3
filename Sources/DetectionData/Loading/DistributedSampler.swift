/// One rank's micro-batches of every global batch.
///
/// The global batch is cut into micro-batches first, the same for any number of ranks, and ranks take contiguous runs of
/// them in rank order: a loss that is defined over a micro-batch does not depend on how many ranks there are. Where the
/// number does not divide evenly, shares differ by one; ranks beyond the micro-batches have none.
package struct DistributedSampler: Sendable {
    package let plan: BatchPlan
    package let rank: Int
    package let worldSize: Int
    package let microBatchSize: Int

    /// - microBatchSize: images; divides the plan's global batch.
    package init(plan: BatchPlan, rank: Int, worldSize: Int, microBatchSize: Int) {
        precondition((0..<worldSize).contains(rank) && microBatchSize > 0, "rank \(rank) of \(worldSize)")
        precondition(
            plan.globalBatchSize.isMultiple(of: microBatchSize),
            "micro-batches of \(microBatchSize) in a batch of \(plan.globalBatchSize)")
        self.plan = plan
        self.rank = rank
        self.worldSize = worldSize
        self.microBatchSize = microBatchSize
    }

    /// How many micro-batches this rank has in every step.
    package var microBatchCount: Int { share.count }

    private var share: Range<Int> {
        Self.range(of: plan.globalBatchSize / microBatchSize, rank: rank, worldSize: worldSize)
    }

    /// This rank's images at `step`, `microBatchSize` at a time.
    package func microBatches(ofStep step: Int) -> [[BatchPlan.Item]] {
        let batch = plan.globalBatch(ofStep: step)
        return share.map { Array(batch[$0 * microBatchSize..<($0 + 1) * microBatchSize]) }
    }

    /// The positions in a list of `count` that `rank` of `worldSize` works on; also divides images to be evaluated.
    package static func range(of count: Int, rank: Int, worldSize: Int) -> Range<Int> {
        precondition((0..<worldSize).contains(rank), "rank \(rank) of \(worldSize)")
        return count * rank / worldSize..<count * (rank + 1) / worldSize
    }
}
