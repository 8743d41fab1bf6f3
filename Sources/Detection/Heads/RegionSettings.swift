package import NN

/// What training and testing the second stage need to know beyond its layers.
package struct RegionSettings: Sendable {
    package let matcher: MaxIoUMatcher
    package let sampler: RandomSampler
    package let deviations: BoxCoder.Deviations
    package let boxLoss: BoxRegressionLoss
    package let scoreThreshold: Float
    package let suppressionThreshold: Double
    package let detectionLimit: Int
    /// Detections narrower or lower than this are dropped.
    package let minimumSide: Float

    package init(
        matcher: MaxIoUMatcher, sampler: RandomSampler, deviations: BoxCoder.Deviations, boxLoss: BoxRegressionLoss,
        scoreThreshold: Float, suppressionThreshold: Double, detectionLimit: Int, minimumSide: Float
    ) {
        self.matcher = matcher
        self.sampler = sampler
        self.deviations = deviations
        self.boxLoss = boxLoss
        self.scoreThreshold = scoreThreshold
        self.suppressionThreshold = suppressionThreshold
        self.detectionLimit = detectionLimit
        self.minimumSide = minimumSide
    }
}
