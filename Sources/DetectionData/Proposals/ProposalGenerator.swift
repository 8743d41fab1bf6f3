internal import Synchronization

/// Runs selective search over image files on threads of its own.
package struct ProposalGenerator: Sendable {
    package struct Input: Sendable {
        package let path: String
        /// With the seed, the key of the image's random numbers; COCO's image id where there is one.
        package let imageID: Int

        package init(path: String, imageID: Int) { (self.path, self.imageID) = (path, imageID) }
    }

    private let search: SelectiveSearch
    private let filters: [ProposalFilter]
    private let threadCount: Int
    private let load: @Sendable (String) throws -> Image

    /// - Parameters:
    ///   - filters: tried in turn until one leaves a box.
    ///   - threadCount: 1 or more; one image per thread at a time.
    ///   - load: reads and decodes a file; called on the threads.
    package init(
        search: SelectiveSearch, filters: [ProposalFilter] = [ProposalFilter()], threadCount: Int,
        load: @escaping @Sendable (String) throws -> Image
    ) {
        precondition(threadCount > 0 && !filters.isEmpty, "\(threadCount) threads, \(filters.count) filters")
        (self.search, self.filters, self.threadCount, self.load) = (search, filters, threadCount, load)
    }

    /// The boxes of each image, best first, in the order of `inputs`, whatever the number of threads.
    /// - progress: called after each image with the number done and the total, one call at a time, on the
    ///   threads.
    /// - Throws: naming the file, for the first input that cannot be read; images already begun are finished
    ///   first.
    package func callAsFunction(
        _ inputs: [Input], progress: @escaping @Sendable (_ done: Int, _ total: Int) -> Void = { _, _ in }
    ) throws(DataError) -> [[Box]] {
        let run = Run(inputs.count)
        var threads: [LoaderThread] = []
        var refusal: DataError?
        for number in 0..<min(threadCount, inputs.count) {
            do throws(DataError) {
                let thread = try LoaderThread(name: "proposal thread \(number)") {
                    work(inputs, run, progress)
                }
                threads.append(thread)
            } catch {
                refusal = error
                run.stop()
                break
            }
        }
        for thread in threads { thread.join() }
        if let refusal { throw refusal }
        return try run.boxes()
    }

    private func work(_ inputs: [Input], _ run: Run, _ progress: (Int, Int) -> Void) {
        while let index = run.next() {
            do throws(DataError) {
                let boxes = try proposals(inputs[index])
                run.finish(index, boxes, progress)
            } catch {
                run.fail(index, error)
            }
        }
    }

    private func proposals(_ input: Input) throws(DataError) -> [Box] {
        let image: Image
        do {
            image = try load(input.path)
        } catch let error as DataError {
            if error.message.contains(input.path) { throw error }
            throw DataError(error.kind, "\(input.path): \(error.message)", hint: error.hint)
        } catch {
            throw DataError(.badInput, "\(input.path): \(error)")
        }
        let boxes = search(image, imageID: input.imageID)
        return ProposalFilter.firstToKeepAny(
            of: filters, boxes, imageWidth: image.width, imageHeight: image.height)
    }

    /// What the threads share.
    private final class Run: Sendable {
        private struct State {
            var next = 0
            var done = 0
            var boxes: [[Box]]
            var failure: (index: Int, error: DataError)?
            var isStopped = false
        }

        private let total: Int
        private let state: Mutex<State>

        init(_ total: Int) {
            self.total = total
            state = Mutex(State(boxes: [[Box]](repeating: [], count: total)))
        }

        /// The next image to work on. Images are handed out in order, so of several failures the one with the
        /// smallest index is the same in every run.
        func next() -> Int? {
            state.withLock { state in
                guard state.next < total, !state.isStopped else { return nil }
                state.next += 1
                return state.next - 1
            }
        }

        func finish(_ index: Int, _ boxes: [Box], _ progress: (Int, Int) -> Void) {
            state.withLock { state in
                state.boxes[index] = boxes
                state.done += 1
                progress(state.done, total)
            }
        }

        func fail(_ index: Int, _ error: DataError) {
            state.withLock { state in
                state.isStopped = true
                if index < state.failure?.index ?? total { state.failure = (index, error) }
            }
        }

        func stop() {
            state.withLock { $0.isStopped = true }
        }

        func boxes() throws(DataError) -> [[Box]] {
            let (boxes, error) = state.withLock { ($0.boxes, $0.failure?.error) }
            if let error { throw error }
            return boxes
        }
    }
}
