/// A detector whose queries are matched to the objects one to one.
package struct SetDetectorConfig: Sendable, Equatable {
    package let head: SetHeadConfig
    /// There exactly in fine-tuning; pre-training detects nothing.
    package let test: SetTestConfig?

    init(_ section: ConfigSection<ModelConfig.Key>, _ task: RunConfig.Task) throws(ConfigurationError) {
        try section.refuse(
            .neck, .anchors, .rpn, .roi, .mask, .assigner, .sampler,
            because: "detr reads one map and matches its queries by cost")
        head = try section.nested(.head) { child throws(ConfigurationError) in try SetHeadConfig(child, task)
        }
        switch task {
        case .pretrain:
            try section.refuse(.test, because: "pre-training detects nothing")
            test = nil
        case .finetune: test = try section.nested(.test, SetTestConfig.init)
        }
    }

    var nodes: [(ModelConfig.Key, ConfigNode?)] { [(.head, head.node), (.test, test?.node)] }
}

/// How a set detector's outputs become detections.
package struct SetTestConfig: Sendable, Equatable {
    /// For each image; there are no more than queries.
    package let maximumDetections: Int

    enum Key: String, ConfigKey {
        case maximumDetections = "max_detections"
    }

    init(_ section: ConfigSection<Key>) throws(ConfigurationError) {
        maximumDetections = try section.integer(.maximumDetections, in: 1...Int.max)
    }

    var node: ConfigNode { .section([(Key.maximumDetections, .count(maximumDetections))]) }
}
