package import Collectives
internal import Foundation
package import NN
internal import Tensors

/// Sums gradients over ranks, bucket by bucket, while backward still runs.
///
/// Where the communicator has memory that the ranks of a node share, gradients move there for good: sums are then taken
/// straight from the peers' memory.
package final class GradientReducer {
    private let arena: ParameterArena
    private let plan: BucketPlan
    private let communicator: any Communicator
    private let entryOfLeaf: [ObjectIdentifier: Int]
    private var missing: [Int] = []
    private var startedCount = 0
    private var pending: [PendingBox] = []
    private var error: CollectiveError?
    private var firstStart: ContinuousClock.Instant?

    /// A home for a reduction in an array; reductions cannot be copied.
    private final class PendingBox {
        var reduction: PendingReduction?
        init(_ reduction: consuming PendingReduction) { self.reduction = consume reduction }
    }

    package init(_ arena: ParameterArena, plan: BucketPlan, communicator: any Communicator) {
        self.arena = arena
        self.plan = plan
        self.communicator = communicator
        entryOfLeaf = Dictionary(
            uniqueKeysWithValues: arena.entries.enumerated().map { (ObjectIdentifier($1.parameter.leaf), $0) }
        )
        // An error is kept for the first step, which all ranks end together.
        do throws(CollectiveError) {
            if let memory = try communicator.allocateShared(count: arena.gradients.count) {
                arena.moveGradients(to: memory)
            }
        } catch { self.error = error }
    }

    /// Prepares for one step's last backward pass.
    func begin() {
        missing = plan.buckets.map(\.entries.count)
        startedCount = 0
        firstStart = nil
    }

    /// To be told of each parameter whose gradient is final.
    func isReady(_ leaf: Leaf) {
        guard let entry = entryOfLeaf[ObjectIdentifier(leaf)] else { return }
        missing[plan.bucketOfEntry[entry]] -= 1
        startFullBuckets()
        do { try communicator.progress() } catch { self.error = self.error ?? error }
    }

    private func startFullBuckets() {
        while startedCount < plan.buckets.count, missing[startedCount] <= 0, error == nil {
            let bucket = plan.buckets[startedCount]
            firstStart = firstStart ?? .now
            let buffer = UnsafeMutableBufferPointer(
                start: arena.gradients.floats + bucket.range.lowerBound, count: bucket.range.count)
            do {
                pending.append(
                    PendingBox(
                        try communicator.startAllReduceSum(buffer, label: "gradients, bucket \(startedCount)")
                    ))
            } catch { self.error = error }
            startedCount += 1
        }
    }

    /// Sends what is left (parameters no operation used contribute zeros) and waits for all buckets.
    func finish() throws(CollectiveError) -> CommunicationTimes {
        arena.finishAccumulation()
        missing = [Int](repeating: 0, count: plan.buckets.count)
        let start = ContinuousClock.now
        startFullBuckets()
        let together = waitForAll()
        for box in pending {
            guard let reduction = box.reduction.take() else { continue }
            if error == nil {
                do { try reduction.wait() } catch { self.error = error }
            } else {
                reduction.abandon()
            }
        }
        pending = []
        if let error { throw error }
        let end = ContinuousClock.now
        return CommunicationTimes(
            apartSeconds: (together - start) / .seconds(1), exposedSeconds: (end - together) / .seconds(1),
            underWaySeconds: (end - (firstStart ?? start)) / .seconds(1))
    }

    /// - Returns: when all ranks had ended their backward; sums go on meanwhile.
    private func waitForAll() -> ContinuousClock.Instant {
        if communicator.topology.size > 1, error == nil {
            do { _ = try communicator.reduced(Int64(1), .sum, label: "gradients, bucket \(startedCount)") } catch {
                self.error = error
            }
        }
        return .now
    }
}
