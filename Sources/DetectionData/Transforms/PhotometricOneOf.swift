package import Randomness

/// One of nine photometric operations, each equally likely, at a magnitude of 1 to 9; two draws.
/// - Source: AlignDet, `configs/_base_/datasets/coco_soft-teacher.py` (`OneOf` in `rand_aug.py`): every operation has
///   probability 1, magnitudes are drawn below 10.
package struct PhotometricOneOf: Transform {
    package init() {}

    package func apply(to sample: inout Sample, random: inout RandomSource) {
        let kinds = ColorOp.Kind.allCases
        let kind = kinds[random.integer(in: 0...kinds.count - 1)]
        ColorOp(kind, magnitude: random.integer(in: ColorOp.magnitudes)).apply(to: &sample.image)
    }
}
