package import Randomness

/// Resize to one short side, as for testing; draws nothing.
package struct FixedResize: Transform {
    private let shortSide: Int
    private let maximumLongSide: Int
    private let resampling: Resampling

    /// In pixels; mmdetection's test pipelines use 800 and 1333.
    package init(shortSide: Int, maximumLongSide: Int, resampling: Resampling = .opencv) {
        precondition(shortSide > 0 && maximumLongSide > 0, "sides \(shortSide), \(maximumLongSide)")
        self.shortSide = shortSide
        self.maximumLongSide = maximumLongSide
        self.resampling = resampling
    }

    package func apply(to sample: inout Sample, random: inout RandomSource) {
        sample.resize(shortSide: shortSide, maximumLongSide: maximumLongSide, resampling)
    }
}
