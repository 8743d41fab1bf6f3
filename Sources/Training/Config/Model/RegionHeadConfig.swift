/// The second stage of a two-stage detector: 3x3 convolutions and fully connected layers, then classes and boxes.
package struct RegionHeadConfig: Sendable, Equatable {
    package enum BoxLoss: String, Sendable, CaseIterable {
        case l1
        case smoothL1 = "smooth_l1"
    }

    package let convolutionCount: Int
    package let convolutionChannels: Int
    package let layerCount: Int
    /// Of the fully connected layers.
    package let width: Int
    package let classCount: Int
    /// Whether all classes share four box offsets.
    package let classAgnostic: Bool
    package let boxLoss: BoxLoss
    /// What the offsets dx, dy, dw, dh are divided by.
    package let deviations: [Double]

    enum Key: String, ConfigKey {
        case channels, layers, width, classes, deviations
        case stackedConvolutions = "stacked_convs"
        case classAgnostic = "class_agnostic"
        case boxLoss = "box_loss"
    }

    init(_ section: ConfigSection<Key>) throws(ConfigurationError) {
        convolutionCount = try section.integer(.stackedConvolutions, in: 0...Int.max)
        convolutionChannels = try section.integer(.channels, in: 1...Int.max)
        layerCount = try section.integer(.layers, in: 0...Int.max)
        width = try section.integer(.width, in: 1...Int.max)
        classCount = try section.integer(.classes, in: 1...Int.max)
        classAgnostic = try section.flag(.classAgnostic)
        boxLoss = try section.choice(.boxLoss)
        deviations = try section.numbers(.deviations, count: 4, .positive)
    }

    var node: ConfigNode {
        .section([
            (Key.stackedConvolutions, .count(convolutionCount)), (.channels, .count(convolutionChannels)),
            (.layers, .count(layerCount)), (.width, .count(width)), (.classes, .count(classCount)),
            (.classAgnostic, .flag(classAgnostic)), (.boxLoss, .name(boxLoss)),
            (.deviations, .list(deviations.map { .number($0) })),
        ])
    }
}
