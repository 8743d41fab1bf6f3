internal import Synchronization

/// Gathers boxes that come image by image in any order, and writes each part once it is complete.
package final class PartCollector: Sendable {
    private struct State {
        /// Lists of parts that are not complete, and how many images each still lacks.
        var open: [Int: (lists: [[Box]], lacking: Int)] = [:]
        var done = 0
    }

    private let parts: ProposalParts
    private let state = Mutex(State())

    package init(_ parts: ProposalParts) { self.parts = parts }

    /// - image: position in the whole list.
    /// - Returns: how many images have come so far, this one included.
    package func add(_ boxes: [Box], image: Int) throws(DataError) -> Int {
        let part = image / parts.partSize
        let images = parts.images(of: part)
        let (complete, done) = state.withLock { state -> ([[Box]]?, Int) in
            var entry =
                state.open[part] ?? (
                    lists: [[Box]](repeating: [], count: images.count), lacking: images.count
                )
            entry.lists[image - images.lowerBound] = boxes
            entry.lacking -= 1
            state.done += 1
            state.open[part] = entry.lacking > 0 ? entry : nil
            return (entry.lacking == 0 ? entry.lists : nil, state.done)
        }
        if let complete { try parts.write(complete, part: part) }
        return done
    }
}
