internal import Synchronization

/// One piece of work for each image of a list, on threads of its own.
///
/// Images are handed out in order, so of several failures the one of the first image is the same in every run.
package struct ParallelImages<Value: Sendable>: Sendable {
    private let count: Int
    private let threadCount: Int
    private let work: @Sendable (Int) throws(DataError) -> Value

    /// - Parameters:
    ///   - threadCount: 1 or more.
    ///   - work: for the image at an index; called on the threads.
    package init(
        count: Int, threadCount: Int, work: @escaping @Sendable (Int) throws(DataError) -> Value
    ) {
        precondition(threadCount > 0, "\(threadCount) threads")
        (self.count, self.threadCount, self.work) = (count, threadCount, work)
    }

    /// What `work` gave for each image, in order.
    /// - Throws: what it threw for the first image that failed.
    package func values() throws(DataError) -> [Value] {
        let results = Mutex([Value?](repeating: nil, count: count))
        try run { index, value in results.withLock { $0[index] = value } }
        // `run` has returned, so none is missing.
        return results.withLock { $0.compactMap { $0 } }
    }

    /// Hands each image's value to `finish` on the thread that made it, in no fixed order.
    /// - shouldStop: asked before each image; once true, no further image is begun.
    /// - Throws: what was thrown for the first image that failed; images already begun are finished first.
    package func run(
        shouldStop: @escaping @Sendable () -> Bool = { false },
        finish: @escaping @Sendable (Int, Value) throws(DataError) -> Void
    ) throws(DataError) {
        let queue = Queue(count)
        let work = work
        var threads: [LoaderThread] = []
        for number in 0..<min(threadCount, count) {
            do throws(DataError) {
                let thread = try LoaderThread(name: "image thread \(number)") {
                    while !shouldStop(), let index = queue.next() {
                        do throws(DataError) { try finish(index, try work(index)) } catch {
                            queue.fail(index, error)
                        }
                    }
                }
                threads.append(thread)
            } catch {
                queue.fail(-1, error)
                break
            }
        }
        for thread in threads { thread.join() }
        if let failure = queue.failure { throw failure }
    }

    /// What the threads share.
    private final class Queue: Sendable {
        private struct State {
            var next = 0
            var failure: (index: Int, error: DataError)?
        }

        private let count: Int
        private let state = Mutex(State())

        init(_ count: Int) { self.count = count }

        var failure: DataError? { state.withLock { $0.failure?.error } }

        func next() -> Int? {
            state.withLock { state in
                guard state.next < count, state.failure == nil else { return nil }
                state.next += 1
                return state.next - 1
            }
        }

        func fail(_ index: Int, _ error: DataError) {
            state.withLock { state in
                if index < state.failure?.index ?? count { state.failure = (index, error) }
            }
        }
    }
}
