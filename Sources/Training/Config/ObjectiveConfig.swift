/// What pre-training minimises: AlignDet's box-level contrast and box regression.
package struct ObjectiveConfig: Sendable, Equatable {
    /// Where the released code differs from what was meant; each can be had in either form.
    package struct Switches: Sendable, Equatable {
        /// How labels are laid out beside the level-major features.
        package enum LabelLayout: String, Sendable, CaseIterable {
            case levelMajor = "level_major"
            /// As released: for more than one image labels stand beside foreign features.
            case imageMajor = "image_major"
        }

        /// How the target network begins.
        package enum TargetInitialisation: String, Sendable, CaseIterable {
            case copy
            /// As released: with random weights of its own.
            case independent
        }

        /// The label of background anchors.
        package enum BackgroundLabel: String, Sendable, CaseIterable {
            /// One that no proposal has.
            case sentinel
            /// As released: 256, which is also the label of a batch's proposal 256.
            case constant256 = "256"
        }

        /// What DETR's queries are matched to proposals by, beside the boxes, for the contrast.
        package enum ObjectCost: String, Sendable, CaseIterable {
            case boxes = "none"
            /// As released: the probability of the class whose number is the proposal's.
            case proposalIndex = "proposal_index"
        }

        /// How DETR's class loss counts queries without an object.
        package enum ClassLoss: String, Sendable, CaseIterable {
            /// By the head's weight for them.
            case weighted
            /// As released: fully, and the divisor counts the others alone.
            case flat
        }

        /// Where FCOS's points lie.
        package enum PointStrides: String, Sendable, CaseIterable {
            /// As far apart as `model.points` says.
            case own
            /// As released, whose configuration leaves the strides out: at half the coordinates.
            case halved
        }

        package let retinaLabelLayout: LabelLayout
        package let targetInitialisation: TargetInitialisation
        package let backgroundLabel: BackgroundLabel
        /// As released if true: padded first, and boxes mirrored within the width without padding.
        package let flipAfterPad: Bool
        /// There exactly for FCOS.
        package let fcosStrides: PointStrides?
        /// There exactly for DETR.
        package let objectCost: ObjectCost?
        package let classLoss: ClassLoss?
        /// Whether each stage of a cascade looks at the regions that the one before moved. As released if false: all
        /// look at the first stage's proposals. There exactly for cascade_rcnn.
        package let cascadeRefine: Bool?

        enum Key: String, ConfigKey {
            case retinaLabelLayout = "retina_label_layout"
            case targetInitialisation = "target_init"
            case backgroundLabel = "background_label"
            case flipAfterPad = "flip_after_pad"
            case objectCost = "detr_object_cost"
            case classLoss = "detr_class_loss"
            case fcosStrides = "fcos_strides"
            case cascadeRefine = "cascade_refine"
        }

        /// - faithful: what a switch that is not given stands at.
        init(
            _ section: ConfigSection<Key>, faithful: Bool, _ detector: ModelConfig.Detector
        ) throws(ConfigurationError) {
            retinaLabelLayout =
                try section.has(.retinaLabelLayout)
                ? section.choice(.retinaLabelLayout) : faithful ? .imageMajor : .levelMajor
            targetInitialisation =
                try section.has(.targetInitialisation)
                ? section.choice(.targetInitialisation) : faithful ? .independent : .copy
            backgroundLabel =
                try section.has(.backgroundLabel)
                ? section.choice(.backgroundLabel) : faithful ? .constant256 : .sentinel
            flipAfterPad = try section.has(.flipAfterPad) ? section.flag(.flipAfterPad) : faithful
            if detector == .fcos {
                fcosStrides =
                    try section.has(.fcosStrides) ? section.choice(.fcosStrides) : faithful ? .halved : .own
            } else {
                try section.refuse(.fcosStrides, because: "only fcos has points")
                fcosStrides = nil
            }
            if detector == .detr {
                objectCost =
                    try section.has(.objectCost)
                    ? section.choice(.objectCost) : faithful ? .proposalIndex : .boxes
                classLoss =
                    try section.has(.classLoss) ? section.choice(.classLoss) : faithful ? .flat : .weighted
            } else {
                try section.refuse(.objectCost, .classLoss, because: "only detr matches queries")
                (objectCost, classLoss) = (nil, nil)
            }
            if detector.isCascade {
                cascadeRefine = try section.has(.cascadeRefine) ? section.flag(.cascadeRefine) : !faithful
            } else {
                try section.refuse(.cascadeRefine, because: "only a cascade moves regions between stages")
                cascadeRefine = nil
            }
        }

        var node: ConfigNode {
            .section([
                (Key.retinaLabelLayout, .name(retinaLabelLayout)),
                (.targetInitialisation, .name(targetInitialisation)),
                (.backgroundLabel, .name(backgroundLabel)),
                (.flipAfterPad, .flag(flipAfterPad)), (.fcosStrides, fcosStrides.map { .name($0) }),
                (.objectCost, objectCost.map { .name($0) }), (.classLoss, classLoss.map { .name($0) }),
                (.cascadeRefine, cascadeRefine.map { .flag($0) }),
            ])
        }
    }

    /// Sets every switch that is not given to the released code's behaviour, or else to the corrected one.
    package let faithful: Bool
    package let temperature: Double
    /// The target network's momentum at the first and after the last step, a cosine between.
    package let momentumStart: Double
    package let momentumEnd: Double
    package let contrastiveWeight: Double
    package let boxWeight: Double
    /// The first so many of an image; `nil` (in YAML `all`) takes all.
    package let proposalsPerImage: Int?
    package let switches: Switches

    enum Key: String, ConfigKey {
        case faithful, temperature, switches
        case momentumStart = "momentum_start"
        case momentumEnd = "momentum_end"
        case contrastiveWeight = "contrastive_weight"
        case boxWeight = "box_weight"
        case proposalsPerImage = "proposals_per_image"
    }

    init(_ section: ConfigSection<Key>, _ detector: ModelConfig.Detector) throws(ConfigurationError) {
        let faithful = try section.flag(.faithful)
        self.faithful = faithful
        temperature = try section.number(.temperature, .positive)
        momentumStart = try section.number(.momentumStart, .fraction)
        momentumEnd = try section.number(.momentumEnd, .fraction)
        contrastiveWeight = try section.number(.contrastiveWeight, .notNegative)
        boxWeight = try section.number(.boxWeight, .notNegative)
        let takesAll = try section.isWord("all", .proposalsPerImage)
        proposalsPerImage = takesAll ? nil : try section.integer(.proposalsPerImage, in: 1...Int.max)
        switches = try section.nested(.switches) { child throws(ConfigurationError) in
            try Switches(child, faithful: faithful, detector)
        }
    }

    var node: ConfigNode {
        .section([
            (Key.faithful, .flag(faithful)), (.temperature, .number(temperature)),
            (.momentumStart, .number(momentumStart)), (.momentumEnd, .number(momentumEnd)),
            (.contrastiveWeight, .number(contrastiveWeight)), (.boxWeight, .number(boxWeight)),
            (.proposalsPerImage, proposalsPerImage.map { .count($0) } ?? .word("all")),
            (.switches, switches.node),
        ])
    }
}
