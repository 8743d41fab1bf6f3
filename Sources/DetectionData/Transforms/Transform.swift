package import Randomness

/// A step of an augmentation pipeline. Values only; every draw comes from `random`, which is keyed by
/// (seed, epoch, image, view), so a sample does not depend on which thread or rank made it.
package protocol Transform: Sendable {
    func apply(to sample: inout Sample, random: inout RandomSource)
}
