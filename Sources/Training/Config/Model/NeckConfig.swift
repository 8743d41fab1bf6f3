/// The feature pyramid.
package struct NeckConfig: Sendable, Equatable {
    package enum Name: String, Sendable, CaseIterable {
        case fpn
    }

    /// Where the levels beyond the backbone's come from.
    package enum ExtraConvolutions: String, Sendable, CaseIterable {
        /// The backbone's last level (RetinaNet).
        case onInput = "on_input"
        /// The pyramid's last level (FCOS).
        case onOutput = "on_output"
        /// Every second pixel of the pyramid's last level, without a convolution (two-stage detectors).
        case none
    }

    package enum Norm: String, Sendable, CaseIterable {
        /// Convolutions with a bias.
        case none
        /// Statistics of the micro-batch.
        case batch
        /// Statistics over all ranks.
        case sync
    }

    package let name: Name
    package let channels: Int
    /// The backbone level it begins at; 0 has stride 4.
    package let startLevel: Int
    /// Levels given out.
    package let outputs: Int
    package let extraConvolutions: ExtraConvolutions
    package let reluBeforeExtra: Bool
    package let norm: Norm

    /// Backbones give levels at strides 4, 8, 16 and 32.
    private static let backboneLevelCount = 4

    enum Key: String, ConfigKey {
        case name, channels, outputs, norm
        case startLevel = "start_level"
        case extraConvolutions = "extra_convs"
        case reluBeforeExtra = "relu_before_extra"
    }

    init(_ section: ConfigSection<Key>) throws(ConfigurationError) {
        name = try section.choice(.name)
        channels = try section.integer(.channels, in: 1...Int.max)
        startLevel = try section.integer(.startLevel, in: 0...(Self.backboneLevelCount - 1))
        outputs = try section.integer(.outputs, in: (Self.backboneLevelCount - startLevel)...Int.max)
        extraConvolutions = try section.choice(.extraConvolutions)
        reluBeforeExtra = try section.flag(.reluBeforeExtra)
        if extraConvolutions == .none, reluBeforeExtra {
            throw section.error(.reluBeforeExtra, "there is no extra convolution: set it to false")
        }
        norm = try section.choice(.norm)
    }

    var node: ConfigNode {
        .section([
            (Key.name, .name(name)), (.channels, .count(channels)), (.startLevel, .count(startLevel)),
            (.outputs, .count(outputs)), (.extraConvolutions, .name(extraConvolutions)),
            (.reluBeforeExtra, .flag(reluBeforeExtra)), (.norm, .name(norm)),
        ])
    }
}
