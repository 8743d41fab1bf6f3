/// A detector whose head judges every point, without anchors.
package struct PointStageConfig: Sendable, Equatable {
    package let head: PointHeadConfig
    package let points: PointConfig
    /// There exactly in pre-training, for a whole micro-batch; fine-tuning takes every point.
    package let sampler: SamplerConfig?
    /// There exactly in fine-tuning; pre-training detects nothing.
    package let test: TestConfig?

    init(
        _ section: ConfigSection<ModelConfig.Key>, levelCount: Int, _ task: RunConfig.Task
    ) throws(ConfigurationError) {
        try section.refuse(.rpn, .roi, .mask, because: "only two-stage detectors have regions")
        try section.refuse(.anchors, .assigner, because: "fcos has points instead of anchors")
        head = try section.nested(.head) { child throws(ConfigurationError) in
            try PointHeadConfig(child, task)
        }
        points = try section.nested(.points) { child throws(ConfigurationError) in
            try PointConfig(child, levelCount: levelCount)
        }
        switch task {
        case .pretrain:
            try section.refuse(.test, because: "pre-training detects nothing")
            sampler = try section.nested(.sampler, SamplerConfig.init)
            test = nil
        case .finetune:
            try section.refuse(.sampler, because: "fine-tuning takes every point")
            sampler = nil
            test = try section.nested(.test, TestConfig.init)
        }
    }

    var nodes: [(ModelConfig.Key, ConfigNode?)] {
        [(.head, head.node), (.points, points.node), (.sampler, sampler?.node), (.test, test?.node)]
    }
}
