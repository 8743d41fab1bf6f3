/// Two augmented views of the same images, in the same order; boxes pair by `Target.boxIDs`.
package struct ViewPair: Sendable {
    package let first: Batch
    package let second: Batch

    package init(first: Batch, second: Batch) {
        precondition(
            first.targets.map(\.imageID) == second.targets.map(\.imageID), "views of different images")
        self.first = first
        self.second = second
    }
}
