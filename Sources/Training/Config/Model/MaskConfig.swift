/// The mask branch of Mask R-CNN: 3x3 convolutions on regions, twice as many pixels, one map per class.
package struct MaskConfig: Sendable, Equatable {
    /// Along each side of the regions it looks at; the masks have twice as many pixels.
    package let bins: Int
    package let convolutionCount: Int
    package let channels: Int
    /// Probability from which on a pixel belongs to the object.
    package let threshold: Double

    /// Of the convolutions; `nil` (in YAML left out or `none`) for none.
    package let norm: NeckConfig.Norm?

    enum Key: String, ConfigKey {
        case bins, channels, norm, threshold
        case stackedConvolutions = "stacked_convs"
    }

    init(_ section: ConfigSection<Key>) throws(ConfigurationError) {
        bins = try section.integer(.bins, in: 1...Int.max)
        convolutionCount = try section.integer(.stackedConvolutions, in: 0...Int.max)
        channels = try section.integer(.channels, in: 1...Int.max)
        norm = try section.isAbsent(.norm) ? nil : section.choice(.norm)
        threshold = try section.number(.threshold, .fraction)
    }

    var node: ConfigNode {
        .section([
            (Key.bins, .count(bins)), (.stackedConvolutions, .count(convolutionCount)),
            (.channels, .count(channels)),
            (.norm, norm.map { .name($0) }), (.threshold, .number(threshold)),
        ])
    }
}
