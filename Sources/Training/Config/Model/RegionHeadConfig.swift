/// The second stage of a two-stage detector: 3x3 convolutions and fully connected layers, then classes and boxes.
package struct RegionHeadConfig: Sendable, Equatable {
    package enum BoxLoss: String, Sendable, CaseIterable {
        case l1
        case smoothL1 = "smooth_l1"
        /// The square up to offsets of 1 instead of 1/9.
        case wideSmoothL1 = "smooth_l1_beta_1"
    }

    /// What the class branch ends in.
    package enum Output: Sendable, Equatable {
        /// Pre-training: for each region a vector that the contrastive loss compares.
        /// - hidden: width between the two layers; boxSlots: proposals of a batch that learn boxes.
        case projection(hidden: Int, embedding: Int, boxSlots: Int)
        case classification(classes: Int)
    }

    package let convolutionCount: Int
    package let convolutionChannels: Int
    package let layerCount: Int
    /// Of the fully connected layers.
    package let width: Int
    package let output: Output
    /// Whether all classes share four box offsets.
    package let classAgnostic: Bool
    package let boxLoss: BoxLoss
    /// What the offsets dx, dy, dw, dh are divided by; each stage of a cascade has its own.
    package let deviations: [Double]?

    /// Of the convolutions; `nil` (in YAML left out or `none`) for none.
    package let norm: NeckConfig.Norm?

    enum Key: String, ConfigKey {
        case norm, channels, layers, width, classes, embedding, deviations
        case projectionHidden = "projection_hidden"
        case boxSlots = "box_slots"
        case stackedConvolutions = "stacked_convs"
        case classAgnostic = "class_agnostic"
        case boxLoss = "box_loss"
    }

    init(
        _ section: ConfigSection<Key>, isCascade: Bool, _ task: RunConfig.Task
    ) throws(ConfigurationError) {
        convolutionCount = try section.integer(.stackedConvolutions, in: 0...Int.max)
        convolutionChannels = try section.integer(.channels, in: 1...Int.max)
        norm = try section.isAbsent(.norm) ? nil : section.choice(.norm)
        layerCount = try section.integer(.layers, in: 1...Int.max)
        width = try section.integer(.width, in: 1...Int.max)
        switch task {
        case .pretrain:
            try section.refuse(.classes, because: "pre-training knows no classes")
            output = .projection(
                hidden: try section.integer(.projectionHidden, in: 1...Int.max),
                embedding: try section.integer(.embedding, in: 1...Int.max),
                boxSlots: try Self.boxSlots(section, isCascade: isCascade))
        case .finetune:
            try section.refuse(
                .projectionHidden, .embedding, .boxSlots, because: "only pre-training projects")
            output = .classification(classes: try section.integer(.classes, in: 1...Int.max))
        }
        classAgnostic = try section.flag(.classAgnostic)
        boxLoss = try section.choice(.boxLoss)
        if isCascade {
            guard classAgnostic else {
                throw section.error(
                    .classAgnostic, "the classes of a cascade share a region's box", hint: "set it to true")
            }
            try section.refuse(.deviations, because: "each stage of model.cascade has its own")
            deviations = nil
        } else {
            deviations = try section.numbers(.deviations, count: 4, .positive)
        }
    }

    /// All proposals share the one box of a region in a cascade.
    private static func boxSlots(
        _ section: ConfigSection<Key>, isCascade: Bool
    ) throws(ConfigurationError) -> Int {
        guard isCascade else { return try section.integer(.boxSlots, in: 1...Int.max) }
        try section.refuse(.boxSlots, because: "all proposals share the one box of a region in a cascade")
        return 1
    }

    var node: ConfigNode {
        let last: [(Key, ConfigNode?)] =
            switch output {
            case .projection(let hidden, let embedding, let slots):
                [
                    (.projectionHidden, .count(hidden)), (.embedding, .count(embedding)),
                    (.boxSlots, deviations == nil ? nil : .count(slots)),
                ]
            case .classification(let classes): [(.classes, .count(classes))]
            }
        return .section(
            [
                (Key.stackedConvolutions, .count(convolutionCount)), (.channels, .count(convolutionChannels)),
                (.norm, norm.map { .name($0) }), (.layers, .count(layerCount)), (.width, .count(width)),
                (.classAgnostic, .flag(classAgnostic)), (.boxLoss, .name(boxLoss)),
                (.deviations, deviations.map { .list($0.map { .number($0) }) }),
            ] + last)
    }
}
