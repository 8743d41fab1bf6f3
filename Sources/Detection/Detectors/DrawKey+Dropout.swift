package import DetectionData
internal import Randomness
package import Tensors

extension DrawKey {
    /// The dropouts of one forward pass over these images; the first one's id stands for all of them.
    package func dropout(rate: Float, _ targets: [Target]) -> DropoutStream {
        DropoutStream(rate: rate) { [self] place in
            // Far more places than layers have dropouts.
            RandomSource(
                seed: seed, epoch: step, sample: (2 * (targets.first?.imageID ?? 0) + view) * 1024 + place,
                purpose: .dropout)
        }
    }
}
