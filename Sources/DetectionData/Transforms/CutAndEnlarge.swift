package import Randomness

/// With a probability a resize, a cut and what follows them; else what follows alone: DETR's two ways of treating a
/// photograph. One draw, and those of its steps.
/// - Source: Carion et al. 2020, appendix A.4; mmdetection 2.x `AutoAugment` in the DETR configurations.
package struct CutAndEnlarge: Transform {
    private let probability: Float
    private let first: ResizeChoice
    private let cut: RandomCrop
    private let last: ResizeChoice

    /// - shortSides: before the cut; sides: of the cut; last: the resize of both ways.
    package init(
        probability: Float, shortSides: [Int], maximumLongSide: Int, sides: ClosedRange<Int>,
        last: ResizeChoice, resampling: Resampling = .opencv
    ) {
        precondition((0...1).contains(probability), "probability \(probability)")
        self.probability = probability
        first = ResizeChoice(shortSides: shortSides, maximumLongSide: maximumLongSide, resampling: resampling)
        cut = RandomCrop(sides: sides, keepsABox: false)
        self.last = last
    }

    package func apply(to sample: inout Sample, random: inout RandomSource) {
        if random.bernoulli(probability) {
            first.apply(to: &sample, random: &random)
            cut.apply(to: &sample, random: &random)
        }
        last.apply(to: &sample, random: &random)
    }
}
