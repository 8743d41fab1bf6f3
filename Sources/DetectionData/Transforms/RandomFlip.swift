package import Randomness

/// Mirrors image and boxes left to right with a probability; one draw. Stands before padding, so that picture and
/// boxes turn about the same axis.
package struct RandomFlip: Transform {
    private let probability: Float

    package init(probability: Float) {
        precondition((0...1).contains(probability), "probability \(probability)")
        self.probability = probability
    }

    package func apply(to sample: inout Sample, random: inout RandomSource) {
        precondition(
            sample.validWidth == sample.image.width,
            "a padded image is flipped: \(sample.validWidth) of \(sample.image.width) columns are picture")
        precondition(sample.reduction == 1, "an image decoded at 1/\(sample.reduction) is flipped before its resize")
        guard random.bernoulli(probability) else { return }
        let width = Float(sample.image.width)
        sample.image = sample.image.flippedHorizontally()
        sample.boxes = sample.boxes.map { $0.flipped(width: width) }
        sample.flipped.toggle()
    }
}
