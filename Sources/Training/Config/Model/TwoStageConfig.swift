/// A detector that proposes regions and judges those.
package struct TwoStageConfig: Sendable, Equatable {
    package let anchors: AnchorConfig
    /// The first stage.
    package let rpn: RPNConfig
    /// How regions are cut out of the pyramid.
    package let roi: RoIConfig
    /// The second stage.
    package let head: RegionHeadConfig
    /// There exactly in Mask R-CNN.
    package let mask: MaskConfig?
    package let assigner: AssignerConfig
    package let sampler: BalancedSamplerConfig
    /// There exactly in fine-tuning; pre-training detects nothing.
    package let test: RegionTestConfig?

    init(
        _ section: ConfigSection<ModelConfig.Key>, neck: NeckConfig, hasMasks: Bool, _ task: RunConfig.Task
    ) throws(ConfigurationError) {
        if task == .pretrain, hasMasks {
            throw section.error(
                .detector, "pre-training knows no outlines", hint: "pre-train faster_rcnn, and fine-tune mask_rcnn from it")
        }
        guard neck.startLevel == 0 else {
            throw section.error(.neck, "starts at level \(neck.startLevel)", hint: "set model.neck.start_level=0")
        }
        anchors = try section.nested(.anchors) { child throws(ConfigurationError) in
            try AnchorConfig(child, levelCount: neck.outputs)
        }
        rpn = try section.nested(.rpn, RPNConfig.init)
        roi = try section.nested(.roi, RoIConfig.init)
        head = try section.nested(.head) { child throws(ConfigurationError) in try RegionHeadConfig(child, task) }
        if hasMasks {
            mask = try section.nested(.mask, MaskConfig.init)
        } else {
            try section.refuse(.mask, because: "faster_rcnn finds boxes alone")
            mask = nil
        }
        assigner = try section.nested(.assigner, AssignerConfig.init)
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
            (.mask, mask?.node), (.assigner, assigner.node), (.sampler, sampler.node), (.test, test?.node),
        ]
    }
}
