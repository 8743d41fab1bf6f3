package import Randomness

/// Resize to a short side drawn from a list; one draw.
package struct ResizeChoice: Transform {
    private let shortSides: [Int]
    private let maximumLongSide: Int
    private let resampling: Resampling

    /// - shortSides: pixels, each equally likely; AlignDet's views use 640, 672, 704, 736, 768, 800 with 1333.
    package init(shortSides: [Int], maximumLongSide: Int, resampling: Resampling = .opencv) {
        precondition(!shortSides.isEmpty && shortSides.allSatisfy { $0 > 0 }, "short sides \(shortSides)")
        self.shortSides = shortSides
        self.maximumLongSide = maximumLongSide
        self.resampling = resampling
    }

    package func apply(to sample: inout Sample, random: inout RandomSource) {
        let choice = random.integer(in: 0...shortSides.count - 1)
        sample.resize(shortSide: shortSides[choice], maximumLongSide: maximumLongSide, resampling)
    }
}
