/// The mask branch of Mask R-CNN: 3x3 convolutions on regions, twice as many pixels, one map per class.
package struct MaskConfig: Sendable, Equatable {
    /// Along each side of the regions it looks at; the masks have twice as many pixels.
    package let bins: Int
    package let convolutionCount: Int
    package let channels: Int
    /// Probability from which on a pixel belongs to the object.
    package let threshold: Double

    enum Key: String, ConfigKey {
        case bins, channels, threshold
        case stackedConvolutions = "stacked_convs"
    }

    init(_ section: ConfigSection<Key>) throws(ConfigurationError) {
        bins = try section.integer(.bins, in: 1...Int.max)
        convolutionCount = try section.integer(.stackedConvolutions, in: 0...Int.max)
        channels = try section.integer(.channels, in: 1...Int.max)
        threshold = try section.number(.threshold, .fraction)
    }

    var node: ConfigNode {
        .section([
            (Key.bins, .count(bins)), (.stackedConvolutions, .count(convolutionCount)), (.channels, .count(channels)),
            (.threshold, .number(threshold)),
        ])
    }
}
