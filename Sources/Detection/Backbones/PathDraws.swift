package import DetectionData
internal import Randomness

/// Which residual branches which images skip in one forward pass ("drop path", stochastic depth): a function of the
/// run's seed, the step, the image, the view and the branch, and of nothing else.
/// - Source: Huang et al. 2016, "Deep networks with stochastic depth".
package struct PathDraws: Sendable {
    private let seed: UInt64
    private let step: Int
    private let view: Int
    private let images: [Int]

    /// - images: the ids of the batch's images, in order; view: of those that one image is shown in, 0 or 1.
    package init(seed: UInt64, step: Int, view: Int = 0, images: [Int]) {
        (self.seed, self.step, self.view, self.images) = (seed, step, view, images)
    }

    /// What each image's branch is multiplied by: 0 with probability `rate`, else 1 / (1 - rate).
    /// - branch: its place in the network, below 1024.
    package func factors(rate: Float, branch: Int) -> [Float] {
        precondition(rate >= 0 && rate < 1 && (0..<1024).contains(branch), "branch \(branch) at rate \(rate)")
        return images.map { image in
            var random = RandomSource(
                seed: seed, epoch: step, sample: (2 * image + view) * 1024 + branch, purpose: .dropPath)
            return random.bernoulli(rate) ? 0 : 1 / (1 - rate)
        }
    }
}

extension DrawKey {
    /// The skipped branches of one forward pass over these images.
    package func paths(_ targets: [Target]) -> PathDraws {
        PathDraws(seed: seed, step: step, view: view, images: targets.map(\.imageID))
    }
}
