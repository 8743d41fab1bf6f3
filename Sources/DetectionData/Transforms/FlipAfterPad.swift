package import Randomness

/// The published code's flip, kept to reproduce it: the *padded* image is mirrored, but boxes are mirrored about the
/// middle of the picture without its padding. So boxes lie too far left by the width of the padding, and the valid
/// size no longer says where the picture is. `RandomFlip` before padding is the corrected form. One draw.
/// - Source: AlignDet, `configs/_base_/datasets/coco_soft-teacher.py` (Pad before RandFlip).
package struct FlipAfterPad: Transform {
    private let probability: Float

    package init(probability: Float) {
        precondition((0...1).contains(probability), "probability \(probability)")
        self.probability = probability
    }

    package func apply(to sample: inout Sample, random: inout RandomSource) {
        guard random.bernoulli(probability) else { return }
        let width = Float(sample.validWidth)
        sample.image = sample.image.flippedHorizontally()
        sample.boxes = sample.boxes.map { $0.flipped(width: width) }
        sample.flipped.toggle()
    }
}
