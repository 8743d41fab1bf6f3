/// A detector whose head judges every anchor.
package struct OneStageConfig: Sendable, Equatable {
    package let head: HeadConfig
    package let anchors: AnchorConfig
    package let assigner: AssignerConfig
    /// There exactly in pre-training; fine-tuning takes every anchor.
    package let sampler: SamplerConfig?
    /// There exactly in fine-tuning; pre-training detects nothing.
    package let test: TestConfig?

    init(
        _ section: ConfigSection<ModelConfig.Key>, levelCount: Int, _ task: RunConfig.Task
    ) throws(ConfigurationError) {
        try section.refuse(.rpn, .roi, .mask, because: "only two-stage detectors have regions")
        head = try section.nested(.head) { child throws(ConfigurationError) in try HeadConfig(child, task) }
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

    var nodes: [(ModelConfig.Key, ConfigNode?)] {
        [
            (.head, head.node), (.anchors, anchors.node), (.assigner, assigner.node), (.sampler, sampler?.node),
            (.test, test?.node),
        ]
    }
}
