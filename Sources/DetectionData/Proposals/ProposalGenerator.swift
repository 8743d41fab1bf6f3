/// Finds and filters the proposals of image files on threads of its own.
package struct ProposalGenerator: Sendable {
    package struct Input: Sendable {
        /// For messages.
        package let path: String
        /// Position in the caller's list.
        package let index: Int
        /// With the seed, the key of the image's random numbers; COCO's image id where there is one.
        package let imageID: Int

        package init(path: String, index: Int, imageID: Int) {
            (self.path, self.index, self.imageID) = (path, index, imageID)
        }
    }

    private let search: any ProposalSearch
    private let filters: ProposalFilterSteps
    private let threadCount: Int
    private let load: @Sendable (Input) throws -> Image

    /// - Parameters:
    ///   - threadCount: 1 or more; one image per thread at a time.
    ///   - load: reads and decodes a file; called on the threads.
    package init(
        search: any ProposalSearch, filters: ProposalFilterSteps = ProposalFilterSteps([ProposalFilter()]),
        threadCount: Int, load: @escaping @Sendable (Input) throws -> Image
    ) {
        precondition(threadCount > 0, "\(threadCount) threads")
        (self.search, self.filters, self.threadCount, self.load) = (search, filters, threadCount, load)
    }

    /// Hands the boxes of each image to `finish`, on the thread that found them and in no fixed order.
    /// - shouldStop: asked before each image; once true, no further image is begun.
    /// - Throws: naming the file, for the first input that cannot be read, and what `finish` throws; images already begun
    ///   are finished first.
    package func callAsFunction(
        _ inputs: [Input], shouldStop: @escaping @Sendable () -> Bool = { false },
        finish: @escaping @Sendable (_ index: Int, _ boxes: [Box]) throws(DataError) -> Void
    ) throws(DataError) {
        let images = ParallelImages(count: inputs.count, threadCount: threadCount) {
            index throws(DataError) in
            try proposals(inputs[index])
        }
        try images.run(shouldStop: shouldStop, finish: finish)
    }

    /// The boxes of each image in the order of `inputs`, whatever the number of threads.
    package func boxes(of inputs: [Input]) throws(DataError) -> [[Box]] {
        try ParallelImages(count: inputs.count, threadCount: threadCount) { index throws(DataError) in
            try proposals(inputs[index])
        }.values()
    }

    private func proposals(_ input: Input) throws(DataError) -> [Box] {
        let image: Image
        do {
            image = try load(input)
        } catch let error as DataError {
            if error.message.contains(input.path) { throw error }
            throw DataError(error.kind, "\(input.path): \(error.message)", hint: error.hint)
        } catch {
            throw DataError(.badInput, "\(input.path): \(error)")
        }
        return filters(
            search(image, imageID: input.imageID), imageWidth: image.width, imageHeight: image.height)
    }
}
