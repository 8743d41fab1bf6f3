/// Makes what the coming steps need on a fixed number of threads of its own, and gives it out strictly in order.
///
/// What a step gets depends on its number only: the same for any number of threads. Use from one thread, as everything
/// on the training path.
package final class Loader<Element: Sendable> {
    /// What one step works on, and how long the caller stood waiting for it.
    package struct Step {
        package let number: Int
        package let element: Element
        package let waitSeconds: Double
    }

    package typealias Make = @Sendable (_ step: Int) throws(DataError) -> Element

    private let make: Make
    private var inlineSteps: Range<Int>
    private let queue: BatchQueue<Element>?
    private var threads: [LoaderThread] = []

    /// - Parameters:
    ///   - steps: a resumed run begins at its next step.
    ///   - threadCount: 0 makes each step when it is asked for, on the caller's thread.
    ///   - stepsAhead: how many steps may be ready or under way at a time; bounds memory.
    ///   - make: makes one step's element; called on loader threads, at most once a step.
    package init(
        steps: Range<Int>, threadCount: Int, stepsAhead: Int, make: @escaping Make
    ) throws(DataError) {
        precondition(threadCount >= 0, "\(threadCount) loader threads")
        self.make = make
        inlineSteps = steps
        queue = threadCount == 0 ? nil : BatchQueue(steps: steps, capacity: stepsAhead)
        guard let queue else { return }
        for number in 0..<threadCount {
            do {
                threads.append(
                    try LoaderThread(name: "loader \(number)") {
                        while let step = queue.claim() {
                            queue.put(Result { () throws(DataError) in try make(step) }, forStep: step)
                        }
                    })
            } catch {
                stop()
                throw error
            }
        }
    }

    deinit { stop() }

    /// The next step's element; nil after the last step.
    /// - Throws: what `make` threw for this very step; the steps before it were given out.
    package func next() throws(DataError) -> Step? {
        let start = ContinuousClock.now
        let number: Int
        let element: Element
        if let queue {
            guard let taken = queue.take() else { return nil }
            number = taken.step
            element = try taken.result.get()
        } else {
            guard let step = inlineSteps.popFirst() else { return nil }
            number = step
            element = try make(step)
        }
        return Step(
            number: number, element: element, waitSeconds: (ContinuousClock.now - start) / .seconds(1))
    }

    /// Ends and joins the threads; `next` gives nil from here on. Waits for steps that are under way.
    package func stop() {
        inlineSteps = inlineSteps.upperBound..<inlineSteps.upperBound
        queue?.close()
        for thread in threads { thread.join() }
        threads = []
    }
}
