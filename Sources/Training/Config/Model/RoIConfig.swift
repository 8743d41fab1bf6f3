/// How regions are cut out of the pyramid (RoIAlign).
package struct RoIConfig: Sendable, Equatable {
    /// Along each side of what is cut out.
    package let bins: Int
    /// Samples along each side of a bin; 0 for one per map pixel that the bin covers.
    package let samplingRatio: Int
    /// Whether the half pixel between pixel centres and corners is heeded.
    package let aligned: Bool
    /// Levels that regions are cut from, the finest first.
    package let levelCount: Int
    /// Regions up to twice this side come from the finest level.
    package let finestScale: Double

    enum Key: String, ConfigKey {
        case bins, aligned, levels
        case samplingRatio = "sampling_ratio"
        case finestScale = "finest_scale"
    }

    init(_ section: ConfigSection<Key>) throws(ConfigurationError) {
        bins = try section.integer(.bins, in: 1...Int.max)
        samplingRatio = try section.integer(.samplingRatio, in: 0...Int.max)
        aligned = try section.flag(.aligned)
        levelCount = try section.integer(.levels, in: 1...4)
        finestScale = try section.number(.finestScale, .positive)
    }

    var node: ConfigNode {
        .section([
            (Key.bins, .count(bins)), (.samplingRatio, .count(samplingRatio)), (.aligned, .flag(aligned)),
            (.levels, .count(levelCount)), (.finestScale, .number(finestScale)),
        ])
    }
}
