/// The image-domain part of the detector, trained by someone else.
package struct BackboneConfig: Sendable, Equatable {
    package enum Name: String, Sendable, CaseIterable {
        case resnet18, resnet34, resnet50, resnet101
        case mobilenetV2 = "mobilenet_v2"
        case swinTiny = "swin_t"
        case swinSmall = "swin_s"
        case swinBase = "swin_b"
        case swinLarge = "swin_l"

        /// The value of `frozen_stages` that freezes all.
        package var stageCount: Int { self == .mobilenetV2 ? 7 : 4 }

        package var isSwin: Bool {
            switch self {
            case .swinTiny, .swinSmall, .swinBase, .swinLarge: true
            case .resnet18, .resnet34, .resnet50, .resnet101, .mobilenetV2: false
            }
        }

        /// What a file of the backbone's weights always holds. Classifiers and SimMIM have no norms behind a Swin
        /// transformer's stages: those start as they are.
        package var filePrefixes: [String] {
            isSwin ? ["backbone.patch_embed.", "backbone.layers."] : ["backbone."]
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
    /// `nil` (in YAML left out or `none`) for Swin transformers, which have no batch norm.
    package let norm: Norm?
    /// Of MobileNetV2: what its channels are multiplied by; `nil` (in YAML left out or `none`) for 1.
    package let width: Double?
    /// Of MobileNetV2: whether the last map is that of the 1x1 convolution behind the blocks, as in MMDetection's
    /// `out_indices` with 7; `nil` (in YAML left out or `none`) for no.
    package let finalConvolution: Bool?
    /// Of Swin transformers: probability with which training skips a branch of the last block.
    package let dropPath: Double?
    /// Of the first so many stages, each trained block saves its input alone and runs a second time in the backward
    /// pass: MMDetection's `with_cp`; `nil` (in YAML left out or `none`) for 0.
    package let recomputedStages: Int?
    /// `nil` starts from random weights.
    package let weights: ConfigPath?

    enum Key: String, ConfigKey {
        case name, norm, width, weights
        case frozenStages = "frozen_stages"
        case finalConvolution = "final_conv"
        case dropPath = "drop_path"
        case recomputedStages = "recomputed_stages"
    }

    init(_ section: ConfigSection<Key>) throws(ConfigurationError) {
        name = try section.choice(.name)
        frozenStages = try section.integer(.frozenStages, in: -1...name.stageCount)
        recomputedStages =
            try section.isAbsent(.recomputedStages)
            ? nil : section.integer(.recomputedStages, in: 0...name.stageCount)
        weights = try section.isNone(.weights) ? nil : section.path(.weights)
        if name.isSwin {
            guard try section.isAbsent(.norm) else {
                throw section.error(
                    .norm, "\(name.rawValue) has no batch norm", hint: "set model.backbone.norm=none")
            }
            norm = nil
            dropPath = try section.number(.dropPath, .belowOne)
        } else {
            norm = try section.choice(.norm)
            try section.refuse(.dropPath, because: "only Swin transformers skip branches")
            dropPath = nil
        }
        guard name == .mobilenetV2 else {
            try section.refuse(.width, .finalConvolution, because: "only mobilenet_v2 has it")
            (width, finalConvolution) = (nil, nil)
            return
        }
        width = try section.isAbsent(.width) ? nil : section.number(.width, .positive)
        finalConvolution = try section.isAbsent(.finalConvolution) ? nil : section.flag(.finalConvolution)
    }

    var node: ConfigNode {
        .section([
            (Key.name, .name(name)), (.frozenStages, .count(frozenStages)), (.norm, norm.map { .name($0) }),
            (.width, width.map { .number($0) }), (.finalConvolution, finalConvolution.map { .flag($0) }),
            (.dropPath, dropPath.map { .number($0) }),
            (.recomputedStages, recomputedStages.map { .count($0) }),
            (.weights, weights.map { .path($0) } ?? .nothing),
        ])
    }
}
