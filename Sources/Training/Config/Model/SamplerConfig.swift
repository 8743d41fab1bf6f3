/// How many anchors of an image the pre-training losses see: positives first, filled up with background.
package struct SamplerConfig: Sendable, Equatable {
    package let count: Int
    /// At most this many background anchors per positive (mmdetection's `neg_pos_ub`); -1 for no bound.
    package let negativesPerPositive: Int

    enum Key: String, ConfigKey {
        case count
        case negativesPerPositive = "neg_pos_ub"
    }

    init(_ section: ConfigSection<Key>) throws(ConfigurationError) {
        count = try section.integer(.count, in: 1...Int.max)
        negativesPerPositive = try section.integer(.negativesPerPositive, in: -1...Int.max)
    }

    var node: ConfigNode {
        .section([(Key.count, .count(count)), (.negativesPerPositive, .count(negativesPerPositive))])
    }
}
