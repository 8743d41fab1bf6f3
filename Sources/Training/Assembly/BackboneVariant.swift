internal import NN

/// A backbone up to what its weights do not depend on.
package struct BackboneVariant: Sendable, Equatable {
    package let name: BackboneConfig.Name
    /// What MobileNetV2's channels are multiplied by.
    package var width = 1.0
    /// Whether MobileNetV2 ends in its 1x1 convolution.
    package var hasFinalConvolution = false

    /// MobileNetV2's widths that others have published, and the other backbones.
    /// - Source: Sandler et al. 2018, section 6.1.
    package static let known: [BackboneVariant] = BackboneConfig.Name.allCases.flatMap { name in
        (name == .mobilenetV2 ? [1, 0.35, 0.5, 0.75, 1.3, 1.4] : [1]).map {
            BackboneVariant(name: name, width: $0)
        }
    }

    /// As `--model` names it.
    package var text: String { width == 1 ? name.rawValue : "\(name.rawValue) of width \(width)" }

    /// The weight of the first layer, and its outputs where they tell variants apart.
    package var stem: (name: String, outputs: Int?) {
        switch name {
        case .mobilenetV2: ("backbone.features.0.0.weight", nil)
        case .swinTiny, .swinSmall: ("backbone.patch_embed.proj.weight", 96)
        case .swinBase: ("backbone.patch_embed.proj.weight", 128)
        case .swinLarge: ("backbone.patch_embed.proj.weight", 192)
        default: ("backbone.conv1.weight", nil)
        }
    }
}
