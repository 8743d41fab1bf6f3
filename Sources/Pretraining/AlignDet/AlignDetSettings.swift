package import Detection

/// Numbers and switches of AlignDet's box-domain pre-training.
package struct AlignDetSettings: Sendable {
    /// Which rows of the flattened features RetinaNet's labels are attached to.
    package enum LabelLayout: Sendable {
        /// The anchor's own feature.
        case levelMajor
        /// The published code's: labels are flattened image by image, features level by level, so with more than one
        /// image most labels sit on a foreign anchor's feature.
        case imageMajor
    }

    /// How the momentum network starts.
    package enum TargetStart: Sendable {
        case copy
        /// The published code's: both networks are initialised independently, and averaging pulls them together.
        case independent
    }

    /// The label that marks features which are only ever negatives.
    package enum BackgroundLabel: Sendable {
        case sentinel
        /// The published code's: 256, which is also the label of a batch's 257th proposal.
        case embeddingDimension

        var value: Int32 {
            switch self {
            case .sentinel: -1
            case .embeddingDimension: 256
            }
        }
    }

    package var temperature: Float
    package var momentumStart: Double
    package var momentumEnd: Double
    package var contrastiveWeight: Float
    package var boxWeight: Float
    package var labelLayout: LabelLayout
    package var targetStart: TargetStart
    package var backgroundLabel: BackgroundLabel
    package var sampler: RandomSampler

    package init(
        temperature: Float, momentumStart: Double, momentumEnd: Double, contrastiveWeight: Float, boxWeight: Float,
        labelLayout: LabelLayout, targetStart: TargetStart, backgroundLabel: BackgroundLabel, sampler: RandomSampler
    ) {
        self.temperature = temperature
        self.momentumStart = momentumStart
        self.momentumEnd = momentumEnd
        self.contrastiveWeight = contrastiveWeight
        self.boxWeight = boxWeight
        self.labelLayout = labelLayout
        self.targetStart = targetStart
        self.backgroundLabel = backgroundLabel
        self.sampler = sampler
    }
}
