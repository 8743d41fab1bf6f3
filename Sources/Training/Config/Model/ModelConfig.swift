/// The detector from backbone to boxes.
package struct ModelConfig: Sendable, Equatable {
    package enum Detector: String, Sendable, CaseIterable {
        case retinanet, fcos
        case fasterRCNN = "faster_rcnn"
        case maskRCNN = "mask_rcnn"
        case cascadeRCNN = "cascade_rcnn"
        case cascadeMaskRCNN = "cascade_mask_rcnn"
        case detr

        /// Whether the second stage is run several times.
        package var isCascade: Bool { self == .cascadeRCNN || self == .cascadeMaskRCNN }

        /// Of a detector that finds outlines, the same one without them.
        package var withoutMasks: Detector? {
            switch self {
            case .maskRCNN: .fasterRCNN
            case .cascadeMaskRCNN: .cascadeRCNN
            case .retinanet, .fcos, .fasterRCNN, .cascadeRCNN, .detr: nil
            }
        }
    }

    /// What stands on the pyramid, or on the backbone where there is none.
    package enum Stages: Sendable, Equatable {
        case one(OneStageConfig)
        case points(PointStageConfig)
        case two(TwoStageConfig)
        case set(SetDetectorConfig)
    }

    package let detector: Detector
    package let backbone: BackboneConfig
    /// There where the detector reads a pyramid.
    package let neck: NeckConfig?
    package let stages: Stages

    enum Key: String, ConfigKey {
        case detector, backbone, neck, head, anchors, points, rpn, roi, mask, assigner, cascade, sampler, test
    }

    init(_ section: ConfigSection<Key>, _ task: RunConfig.Task) throws(ConfigurationError) {
        detector = try section.choice(.detector)
        backbone = try section.nested(.backbone, BackboneConfig.init)
        if detector != .fcos { try section.refuse(.points, because: "only fcos has points") }
        switch detector {
        case .retinanet:
            let neck = try section.nested(.neck, NeckConfig.init)
            self.neck = neck
            stages = .one(try OneStageConfig(section, levelCount: neck.outputs, task))
        case .fcos:
            let neck = try section.nested(.neck, NeckConfig.init)
            self.neck = neck
            stages = .points(try PointStageConfig(section, levelCount: neck.outputs, task))
        case .fasterRCNN, .maskRCNN, .cascadeRCNN, .cascadeMaskRCNN:
            let neck = try section.nested(.neck, NeckConfig.init)
            self.neck = neck
            stages = .two(try TwoStageConfig(section, neck: neck, detector, task))
        case .detr:
            neck = nil
            stages = .set(try SetDetectorConfig(section, task))
        }
    }

    /// Whether some layer takes its statistics over all ranks.
    package var hasSyncNorm: Bool { backbone.norm == .sync || neck?.norm == .sync }

    /// Whether some layer measures statistics while it trains.
    package var hasMeasuringNorm: Bool { hasSyncNorm || backbone.norm == .batch || neck?.norm == .batch }

    /// Classes that the detector knows; nil in pre-training.
    package var classCount: Int? {
        switch stages {
        case .one(let stage):
            if case .classification(let classes, _) = stage.head.output { classes } else { nil }
        case .points(let stage):
            if case .classification(let classes, _) = stage.head.output { classes } else { nil }
        case .two(let stages):
            if case .classification(let classes) = stages.head.output { classes } else { nil }
        case .set(let part): part.head.embedding == nil ? part.head.classes : nil
        }
    }

    /// Whether training needs outlines of objects.
    package var hasMasks: Bool { twoStage?.mask != nil }

    package var oneStage: OneStageConfig? { if case .one(let stage) = stages { stage } else { nil } }
    package var setDetector: SetDetectorConfig? { if case .set(let part) = stages { part } else { nil } }
    package var pointStage: PointStageConfig? { if case .points(let stage) = stages { stage } else { nil } }
    package var twoStage: TwoStageConfig? { if case .two(let stages) = stages { stages } else { nil } }

    var node: ConfigNode {
        let common: [(Key, ConfigNode?)] = [
            (.detector, .name(detector)), (.backbone, backbone.node), (.neck, neck?.node),
        ]
        return switch stages {
        case .one(let stage): .section(common + stage.nodes)
        case .points(let stage): .section(common + stage.nodes)
        case .two(let stages): .section(common + stages.nodes)
        case .set(let part): .section(common + part.nodes)
        }
    }
}
