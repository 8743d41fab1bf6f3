/// The image-domain part of the detector, trained by someone else.
package struct BackboneConfig: Sendable, Equatable {
    package enum Name: String, Sendable, CaseIterable {
        case resnet18, resnet34, resnet50, resnet101
        case mobilenetV2 = "mobilenet_v2"

        /// The value of `frozen_stages` that freezes all.
        package var stageCount: Int {
            switch self {
            case .resnet18, .resnet34, .resnet50, .resnet101: 4
            case .mobilenetV2: 7
            }
        }
    }

    /// How batch norm behaves in training; in evaluation all four use the running statistics.
    package enum Norm: String, Sendable, CaseIterable {
        /// Running statistics, no gradients.
        case frozen
        /// Running statistics, scale and shift trained: MMDetection's `norm_eval` with `requires_grad`.
        case affine
        /// Statistics of the micro-batch.
        case batch
        /// Statistics over all ranks.
        case sync
    }

    package let name: Name
    /// -1 trains everything, 0 freezes the stem, n the stem and n stages.
    package let frozenStages: Int
    package let norm: Norm
    /// `nil` starts from random weights.
    package let weights: ConfigPath?

    enum Key: String, ConfigKey {
        case name, norm, weights
        case frozenStages = "frozen_stages"
    }

    init(_ section: ConfigSection<Key>) throws(ConfigurationError) {
        name = try section.choice(.name)
        frozenStages = try section.integer(.frozenStages, in: -1...name.stageCount)
        norm = try section.choice(.norm)
        weights = try section.isNone(.weights) ? nil : section.path(.weights)
    }

    var node: ConfigNode {
        .section([
            (Key.name, .name(name)), (.frozenStages, .count(frozenStages)), (.norm, .name(norm)),
            (.weights, weights.map { .path($0) } ?? .nothing),
        ])
    }
}
