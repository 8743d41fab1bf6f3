/// The affine map from 8-bit RGB to what a backbone was trained on: `(value - mean) / standardDeviation`.
package struct PixelNormalization: Sendable, Equatable {
    /// Red, green, blue, on the scale 0...255.
    package let mean: SIMD3<Double>
    package let standardDeviation: SIMD3<Double>

    package init(mean: SIMD3<Double>, standardDeviation: SIMD3<Double>) {
        precondition(
            all(standardDeviation .> 0), "standard deviations \(standardDeviation) must be positive")
        self.mean = mean
        self.standardDeviation = standardDeviation
    }

    /// Statistics of ImageNet's training pictures, which every recipe uses.
    package static let imageNet = PixelNormalization(
        mean: [123.675, 116.28, 103.53], standardDeviation: [58.395, 57.12, 57.375])

    /// The result for each byte: 256 values for red, then for green, then for blue.
    /// - Source: mmcv's `imnormalize`, the same to the bit: a subtraction in single precision, then a product
    ///   with the reciprocal in double precision.
    func table() -> [Float] {
        (0..<768).map { index in
            let difference = Float(index % 256) - Float(mean[index / 256])
            return Float(Double(difference) * (1 / standardDeviation[index / 256]))
        }
    }
}
