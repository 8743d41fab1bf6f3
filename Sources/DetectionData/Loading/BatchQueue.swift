internal import Foundation

/// Hands what loader threads make for numbered steps to the training thread, strictly in order, and lets no thread
/// work more than `capacity` steps ahead. Here, and only here, threads meet.
///
/// `@unchecked Sendable`: every stored `var` is read and written between `lock` and `unlock` of `condition` only.
final class BatchQueue<Element: Sendable>: @unchecked Sendable {
    private let condition = NSCondition()
    private let capacity: Int
    private let end: Int
    private var finished: [Int: Result<Element, DataError>] = [:]
    private var nextClaim: Int
    private var nextTake: Int
    private var isClosed = false

    init(steps: Range<Int>, capacity: Int) {
        precondition(capacity > 0, "queue of \(capacity) steps")
        self.capacity = capacity
        end = steps.upperBound
        nextClaim = steps.lowerBound
        nextTake = steps.lowerBound
    }

    /// The next step to work on; waits while the queue is full; nil when there is no more work.
    func claim() -> Int? {
        condition.lock()
        defer { condition.unlock() }
        while !isClosed, nextClaim < end, nextClaim >= nextTake + capacity { condition.wait() }
        guard !isClosed, nextClaim < end else { return nil }
        defer { nextClaim += 1 }
        return nextClaim
    }

    /// Delivers what was made for a claimed step, or why it could not be made.
    func put(_ result: Result<Element, DataError>, forStep step: Int) {
        condition.lock()
        defer { condition.unlock() }
        finished[step] = result
        condition.broadcast()
    }

    /// The next step's result; waits for it; nil after the last step or when closed.
    func take() -> (step: Int, result: Result<Element, DataError>)? {
        condition.lock()
        defer { condition.unlock() }
        while !isClosed, nextTake < end {
            if let result = finished.removeValue(forKey: nextTake) {
                defer { nextTake += 1 }
                condition.broadcast()
                return (nextTake, result)
            }
            condition.wait()
        }
        return nil
    }

    /// Lets every waiting thread go; nothing is handed out any more.
    func close() {
        condition.lock()
        defer { condition.unlock() }
        isClosed = true
        finished = [:]
        condition.broadcast()
    }
}
