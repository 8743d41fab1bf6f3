internal import Randomness

/// Two independently augmented views of one decoded image. Views draw from streams of their own, so neither depends
/// on how many numbers the other took.
package struct TwoViewPipeline: Sendable {
    private let shared: Pipeline
    private let first: Pipeline
    private let second: Pipeline

    /// - shared: runs once, before the fork, such as the choice of proposals; draws from the first view's stream.
    package init(shared: Pipeline, first: Pipeline, second: Pipeline) {
        self.shared = shared
        self.first = first
        self.second = second
    }

    /// The two views of `sample` on its turn `item`.
    package func views(of sample: Sample, item: BatchPlan.Item, seed: UInt64) -> (
        first: Sample, second: Sample
    ) {
        var random = item.random(seed: seed, purpose: .augmentation)
        var base = sample
        shared.apply(to: &base, random: &random)
        var views = (first: base, second: base)
        first.apply(to: &views.first, random: &random)
        var secondRandom = item.random(seed: seed, purpose: .secondView)
        second.apply(to: &views.second, random: &secondRandom)
        return views
    }
}
