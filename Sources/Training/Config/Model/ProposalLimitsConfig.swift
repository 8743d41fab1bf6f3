/// How many proposals go on to the second stage.
package struct ProposalLimitsConfig: Sendable, Equatable {
    /// Best scores of each level, before suppression.
    package let perLevel: Int
    /// Of an image, after it.
    package let total: Int

    enum Key: String, ConfigKey {
        case total
        case perLevel = "per_level"
    }

    init(_ section: ConfigSection<Key>) throws(ConfigurationError) {
        perLevel = try section.integer(.perLevel, in: 1...Int.max)
        total = try section.integer(.total, in: 1...Int.max)
    }

    var node: ConfigNode { .section([(Key.perLevel, .count(perLevel)), (.total, .count(total))]) }
}
