package import Randomness

/// Keeps the first so many boxes in file order, which for proposals is best first. Stands before the two views fork,
/// so that both hold the same list. Draws nothing.
package struct SelectTopKProposals: Transform {
    private let count: Int

    package init(_ count: Int) {
        precondition(count > 0, "the first \(count) proposals")
        self.count = count
    }

    package func apply(to sample: inout Sample, random: inout RandomSource) {
        guard sample.boxes.count > count else { return }
        sample.boxes.removeSubrange(count...)
        sample.labels.removeSubrange(count...)
        sample.boxIDs.removeSubrange(count...)
    }
}
