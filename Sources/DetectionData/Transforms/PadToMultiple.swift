package import Randomness

/// Pads with black to the right and below until both sides are multiples of a divisor; the valid size stays that of
/// the picture. Draws nothing.
///
/// `Collate` pads as well, after normalisation; this step is for pipelines whose later steps see the padding.
package struct PadToMultiple: Transform {
    private let divisor: Int

    package init(_ divisor: Int) {
        precondition(divisor > 0, "divisor \(divisor)")
        self.divisor = divisor
    }

    package func apply(to sample: inout Sample, random: inout RandomSource) {
        sample.image = sample.image.padded(toMultipleOf: divisor)
    }
}
