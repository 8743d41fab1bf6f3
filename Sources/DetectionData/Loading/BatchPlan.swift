package import Randomness
internal import Synchronization

/// Which images make up the global batch of every step: a pure function of (seed, epoch, step), the same on every
/// rank and for every number of ranks.
///
/// In each epoch every group of images (wide ones apart from the rest, so that a batch wastes little padding) is
/// shuffled, filled up to whole global batches by repeating it from its start, and cut; then the batches of all groups
/// are shuffled. Steps run on over the epochs, so a recipe counted in iterations needs nothing else.
/// - Source: mmdetection 2.x `DistributedGroupSampler`. Differs: a whole global batch, not each rank's part of it,
///   comes from one group.
package final class BatchPlan: Sendable {
    /// One image's turn.
    package struct Item: Sendable, Hashable {
        /// Position in the data set.
        package let index: Int
        package let epoch: Int
        /// How often the image had its turn in this epoch before: above 0 only where a group was filled up.
        package let occurrence: Int

        /// The numbers for one purpose of this turn. They depend on seed, epoch, image and occurrence, not on rank,
        /// step or thread.
        package func random(seed: UInt64, purpose: RandomPurpose) -> RandomSource {
            RandomSource(seed: seed, epoch: epoch, sample: occurrence << 32 | index, purpose: purpose)
        }
    }

    package let globalBatchSize: Int
    package let stepsPerEpoch: Int
    package let seed: UInt64
    /// Images by group, ascending; no group is empty.
    private let groups: [[Int]]
    /// The last few epochs that were asked for: loader threads at an epoch's end ask for two by turns.
    private let recent: Mutex<[Order]>

    /// The images of one epoch, batch after batch.
    private struct Order: Sendable {
        let epoch: Int
        let items: [Item]
    }

    /// - groupsByAspect: false puts all images in one group.
    package init(_ dataset: some Dataset, globalBatchSize: Int, seed: UInt64, groupsByAspect: Bool) {
        precondition(
            dataset.count > 0 && globalBatchSize > 0, "\(dataset.count) images, batch \(globalBatchSize)")
        var groups: [[Int]] = [[], []]
        for index in 0..<dataset.count {
            let size = dataset.size(at: index)
            groups[groupsByAspect && size.width > size.height ? 1 : 0].append(index)
        }
        self.groups = groups.filter { !$0.isEmpty }
        self.globalBatchSize = globalBatchSize
        self.seed = seed
        stepsPerEpoch = self.groups.reduce(0) { $0 + ($1.count + globalBatchSize - 1) / globalBatchSize }
        recent = Mutex([])
    }

    /// Epoch and position in it of `step`, both from 0.
    package func position(ofStep step: Int) -> (epoch: Int, index: Int) {
        precondition(step >= 0, "step \(step)")
        return (step / stepsPerEpoch, step % stepsPerEpoch)
    }

    /// The `globalBatchSize` images of `step`, in order.
    package func globalBatch(ofStep step: Int) -> [Item] {
        let (epoch, index) = position(ofStep: step)
        let items = order(ofEpoch: epoch).items
        return Array(items[index * globalBatchSize..<(index + 1) * globalBatchSize])
    }

    private func order(ofEpoch epoch: Int) -> Order {
        recent.withLock { recent in
            if let known = recent.first(where: { $0.epoch == epoch }) { return known }
            let order = makeOrder(ofEpoch: epoch)
            recent = [order] + recent.prefix(1)
            return order
        }
    }

    private func makeOrder(ofEpoch epoch: Int) -> Order {
        var batches: [[Item]] = []
        for (number, group) in groups.enumerated() {
            // Streams 0 and 1 shuffle the groups, 2 the batches.
            var random = RandomSource(seed: seed, epoch: epoch, sample: number, purpose: .order)
            let turns = random.permutation(group.count).map { group[$0] }
            for start in stride(from: 0, to: turns.count, by: globalBatchSize) {
                batches.append(
                    (start..<start + globalBatchSize).map {
                        Item(index: turns[$0 % turns.count], epoch: epoch, occurrence: $0 / turns.count)
                    })
            }
        }
        var random = RandomSource(seed: seed, epoch: epoch, sample: 2, purpose: .order)
        return Order(epoch: epoch, items: random.permutation(batches.count).flatMap { batches[$0] })
    }
}
