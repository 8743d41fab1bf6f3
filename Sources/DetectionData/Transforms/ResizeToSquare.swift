package import Randomness

/// Resize, aspect ratio kept, to a long side drawn uniformly around a size; one draw.
/// - Source: mmcv 1.x `Resize` with `ratio_range` and a square scale: direct pre-training and large-scale jitter.
package struct ResizeToSquare: Transform {
    private let side: Int
    private let ratios: ClosedRange<Float>
    private let resampling: Resampling

    /// - side: pixels; ratios: of the long side to it. Direct pre-training has 448 and 0.8...1.2.
    package init(side: Int, ratios: ClosedRange<Float>, resampling: Resampling = .opencv) {
        precondition(side > 0 && ratios.lowerBound > 0, "side \(side) times \(ratios)")
        (self.side, self.ratios, self.resampling) = (side, ratios, resampling)
    }

    package func apply(to sample: inout Sample, random: inout RandomSource) {
        let long = max(1, Int(Float(side) * random.uniform(in: ratios)))
        sample.resize(shortSide: long, maximumLongSide: long, resampling)
    }
}
