/// A detector that proposes regions and judges those.
package struct TwoStageConfig: Sendable, Equatable {
    package let anchors: AnchorConfig
    /// The first stage.
    package let rpn: RPNConfig
    /// How regions are cut out of the pyramid.
    package let roi: RoIConfig
    /// The second stage.
    package let head: RegionHeadConfig
    /// There exactly where outlines are found.
    package let mask: MaskConfig?
    /// There exactly where the second stage is run once.
    package let assigner: AssignerConfig?
    /// The second stages, one after the other; there exactly in a cascade.
    package let cascade: [CascadeStageConfig]?
    package let sampler: BalancedSamplerConfig
    /// There exactly in fine-tuning; pre-training detects nothing.
    package let test: RegionTestConfig?

    /// Each draws its regions with a key of its own, and there are so many keys.
    private static let stageLimit = 7

    init(
        _ section: ConfigSection<ModelConfig.Key>, neck: NeckConfig, _ detector: ModelConfig.Detector,
        _ task: RunConfig.Task
    ) throws(ConfigurationError) {
        if task == .pretrain, let plain = detector.withoutMasks {
            throw section.error(
                .detector, "pre-training knows no outlines",
                hint: "pre-train \(plain.rawValue), and fine-tune \(detector.rawValue) from it")
        }
        guard neck.startLevel == 0 else {
            throw section.error(
                .neck, "starts at level \(neck.startLevel)", hint: "set model.neck.start_level=0")
        }
        anchors = try section.nested(.anchors) { child throws(ConfigurationError) in
            try AnchorConfig(child, levelCount: neck.outputs)
        }
        rpn = try section.nested(.rpn, RPNConfig.init)
        roi = try section.nested(.roi, RoIConfig.init)
        head = try section.nested(.head) { child throws(ConfigurationError) in
            try RegionHeadConfig(child, isCascade: detector.isCascade, task)
        }
        if detector.withoutMasks != nil {
            mask = try section.nested(.mask, MaskConfig.init)
        } else {
            try section.refuse(.mask, because: "\(detector.rawValue) finds boxes alone")
            mask = nil
        }
        if detector.isCascade {
            try section.refuse(.assigner, because: "each stage of model.cascade has an overlap")
            assigner = nil
            let stages = try section.nestedList(.cascade, CascadeStageConfig.init)
            guard (1...Self.stageLimit).contains(stages.count) else {
                throw section.error(.cascade, "\(stages.count) stages, expected 1 to \(Self.stageLimit)")
            }
            cascade = stages
        } else {
            try section.refuse(.cascade, because: "\(detector.rawValue) judges regions once")
            assigner = try section.nested(.assigner, AssignerConfig.init)
            cascade = nil
        }
        sampler = try section.nested(.sampler, BalancedSamplerConfig.init)
        switch task {
        case .pretrain:
            try section.refuse(.test, because: "pre-training detects nothing")
            test = nil
        case .finetune: test = try section.nested(.test, RegionTestConfig.init)
        }
    }

    var nodes: [(ModelConfig.Key, ConfigNode?)] {
        [
            (.head, head.node), (.anchors, anchors.node), (.rpn, rpn.node), (.roi, roi.node),
            (.mask, mask?.node), (.assigner, assigner?.node),
            (.cascade, cascade.map { .list($0.map(\.node)) }), (.sampler, sampler.node), (.test, test?.node),
        ]
    }
}
