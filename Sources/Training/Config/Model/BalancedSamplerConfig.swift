/// How many candidates of an image a loss sees, and how many of them at most hold an object.
package struct BalancedSamplerConfig: Sendable, Equatable {
    package let count: Int
    package let positiveFraction: Double
    /// At most this many without an object per one with (mmdetection's `neg_pos_ub`); -1 for no bound.
    package let negativesPerPositive: Int

    enum Key: String, ConfigKey {
        case count
        case positiveFraction = "positive_fraction"
        case negativesPerPositive = "neg_pos_ub"
    }

    init(_ section: ConfigSection<Key>) throws(ConfigurationError) {
        count = try section.integer(.count, in: 1...Int.max)
        positiveFraction = try section.number(.positiveFraction, .fraction)
        negativesPerPositive = try section.integer(.negativesPerPositive, in: -1...Int.max)
    }

    var node: ConfigNode {
        .section([
            (Key.count, .count(count)), (.positiveFraction, .number(positiveFraction)),
            (.negativesPerPositive, .count(negativesPerPositive)),
        ])
    }
}
