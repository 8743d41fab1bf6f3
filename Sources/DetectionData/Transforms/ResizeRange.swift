package import Randomness

/// Resize to a short side drawn uniformly from a range of whole pixels; one draw.
package struct ResizeRange: Transform {
    private let shortSide: ClosedRange<Int>
    private let maximumLongSide: Int

    /// - shortSide: pixels; AlignDet's large-resolution views use 400...1400 with 1600.
    package init(shortSide: ClosedRange<Int>, maximumLongSide: Int) {
        precondition(shortSide.lowerBound > 0, "short side \(shortSide)")
        self.shortSide = shortSide
        self.maximumLongSide = maximumLongSide
    }

    package func apply(to sample: inout Sample, random: inout RandomSource) {
        sample.resize(shortSide: random.integer(in: shortSide), maximumLongSide: maximumLongSide)
    }
}
