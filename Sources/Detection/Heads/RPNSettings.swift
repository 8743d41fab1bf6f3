/// What training and testing the first stage need to know beyond its layers.
package struct RPNSettings: Sendable {
    /// How many proposals go on.
    package struct Limits: Sendable {
        /// Best scores of each level, before suppression.
        package let perLevel: Int
        /// Of an image, after it.
        package let total: Int

        package init(perLevel: Int, total: Int) { (self.perLevel, self.total) = (perLevel, total) }
    }

    package let matcher: MaxIoUMatcher
    package let sampler: RandomSampler
    package let boxLoss: RetinaNet.Settings.BoxLoss
    package let training: Limits
    package let testing: Limits
    package let suppressionThreshold: Double
    /// Proposals narrower or lower than this, or without any area, are dropped.
    package let minimumSide: Float
    /// Anchors that stick out of the picture further than this are not trained on; nil trains on all.
    package let border: Float?

    package init(
        matcher: MaxIoUMatcher, sampler: RandomSampler, boxLoss: RetinaNet.Settings.BoxLoss, training: Limits,
        testing: Limits, suppressionThreshold: Double, minimumSide: Float, border: Float? = nil
    ) {
        self.matcher = matcher
        self.sampler = sampler
        self.boxLoss = boxLoss
        self.training = training
        self.testing = testing
        self.suppressionThreshold = suppressionThreshold
        self.minimumSide = minimumSide
        self.border = border
    }
}
