/// The detector from backbone to boxes.
package struct ModelConfig: Sendable, Equatable {
    package enum Detector: String, Sendable, CaseIterable {
        case retinanet
    }

    package let detector: Detector
    package let backbone: BackboneConfig
    package let neck: NeckConfig
    package let head: HeadConfig
    package let anchors: AnchorConfig
    package let assigner: AssignerConfig
    /// There exactly in pre-training; fine-tuning takes every anchor.
    package let sampler: SamplerConfig?
    /// There exactly in fine-tuning; pre-training detects nothing.
    package let test: TestConfig?

    enum Key: String, ConfigKey {
        case detector, backbone, neck, head, anchors, assigner, sampler, test
    }

    init(_ section: ConfigSection<Key>, _ task: RunConfig.Task) throws(ConfigurationError) {
        detector = try section.choice(.detector)
        backbone = try section.nested(.backbone, BackboneConfig.init)
        neck = try section.nested(.neck, NeckConfig.init)
        head = try section.nested(.head) { child throws(ConfigurationError) in try HeadConfig(child, task) }
        let levelCount = neck.outputs
        anchors = try section.nested(.anchors) { child throws(ConfigurationError) in
            try AnchorConfig(child, levelCount: levelCount)
        }
        assigner = try section.nested(.assigner, AssignerConfig.init)
        switch task {
        case .pretrain:
            try section.refuse(.test, because: "pre-training detects nothing")
            sampler = try section.nested(.sampler, SamplerConfig.init)
            test = nil
        case .finetune:
            try section.refuse(.sampler, because: "fine-tuning takes every anchor")
            sampler = nil
            test = try section.nested(.test, TestConfig.init)
        }
    }

    var node: ConfigNode {
        .section([
            (Key.detector, .name(detector)), (.backbone, backbone.node), (.neck, neck.node),
            (.head, head.node),
            (.anchors, anchors.node), (.assigner, assigner.node), (.sampler, sampler?.node),
            (.test, test?.node),
        ])
    }
}
