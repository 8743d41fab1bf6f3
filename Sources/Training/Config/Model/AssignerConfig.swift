/// Which anchors belong to a box, by intersection over union.
package struct AssignerConfig: Sendable, Equatable {
    /// From here on an anchor is positive.
    package let positive: Double
    /// Below this it is background; between the two it is ignored.
    package let negative: Double
    /// What a box's best anchors need at least to be claimed.
    package let minimumPositive: Double
    /// Whether a box claims its best candidates even if they are not positive.
    package let lowQuality: LowQuality

    package enum LowQuality: String, Sendable, CaseIterable {
        case none = "false"
        /// All that are tied.
        case all = "true"
        /// The first of them (mmdetection without `gt_max_assign_all`).
        case once
    }

    enum Key: String, ConfigKey {
        case positive, negative
        case minimumPositive = "min_positive"
        case lowQuality = "low_quality"
    }

    init(_ section: ConfigSection<Key>) throws(ConfigurationError) {
        positive = try section.number(.positive, .fraction)
        negative = try section.number(.negative, .fraction)
        guard negative <= positive else {
            throw section.error(.negative, "\(negative) is above 'positive', which is \(positive)")
        }
        minimumPositive = try section.number(.minimumPositive, .fraction)
        lowQuality = try section.choice(.lowQuality)
    }

    var node: ConfigNode {
        .section([
            (Key.positive, .number(positive)), (.negative, .number(negative)),
            (.minimumPositive, .number(minimumPositive)), (.lowQuality, .name(lowQuality)),
        ])
    }
}
