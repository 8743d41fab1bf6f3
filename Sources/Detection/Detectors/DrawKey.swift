package import DetectionData
package import Randomness

/// Keys the random draws of one micro-batch: what a sampler draws depends on the run's seed, the step, the image, the
/// view and the sampler, and on nothing else.
package struct DrawKey: Sendable {
    /// Who draws.
    package enum Sampler: Sendable {
        case anchors
        /// - stage: which of a cascade's, from 0.
        case regions(stage: Int)

        var number: Int {
            switch self {
            case .anchors: 0
            case .regions(let stage): 1 + stage
            }
        }
    }

    let seed: UInt64
    let step: Int
    let view: Int

    /// - view: of those that one image is shown in, 0 or 1.
    package init(seed: UInt64, step: Int, view: Int = 0) {
        (self.seed, self.step, self.view) = (seed, step, view)
    }

    package func source(_ sampler: Sampler, _ target: Target) -> RandomSource {
        precondition(sampler.number < 8, "sampler \(sampler.number) of 8")
        return RandomSource(
            seed: seed, epoch: step, sample: (2 * target.imageID + view) * 8 + sampler.number,
            purpose: .sampling)
    }
}
