import Checkpointing

/// Everything that decides what a run computes, decoded and checked.
package struct RunConfig: Sendable, Equatable {
    package enum Task: String, Sendable, CaseIterable {
        case pretrain, finetune
    }

    package enum Method: String, Sendable, CaseIterable {
        /// Box-domain pre-training after Li et al., ICCV 2023.
        case aligndet
        /// Training on labels.
        case supervised

        var task: Task {
            switch self {
            case .aligndet: .pretrain
            case .supervised: .finetune
            }
        }
    }

    package let task: Task
    package let method: Method
    package let model: ModelConfig
    /// There exactly in pre-training.
    package let objective: ObjectiveConfig?
    package let data: DataConfig
    package let pipeline: PipelineConfig
    package let optimizer: OptimizerConfig
    package let schedule: ScheduleConfig
    package let batch: BatchConfig
    package let run: RunSettings

    enum Key: String, ConfigKey {
        case task, method, model, objective, data, pipeline, optimizer, schedule, batch, run
    }

    init(_ section: ConfigSection<Key>) throws(ConfigurationError) {
        let task: Task = try section.choice(.task)
        self.task = task
        method = try section.choice(.method)
        guard method.task == task else {
            throw section.error(.method, "'\(method.rawValue)' is a method of task \(method.task.rawValue)")
        }
        model = try section.nested(.model) { child throws(ConfigurationError) in try ModelConfig(child, task)
        }
        switch task {
        case .pretrain:
            let detector = model.detector
            objective = try section.nested(.objective) { child throws(ConfigurationError) in
                try ObjectiveConfig(child, detector)
            }
        case .finetune:
            try section.refuse(.objective, because: "only pre-training has one")
            objective = nil
        }
        data = try section.nested(.data) { child throws(ConfigurationError) in try DataConfig(child, task) }
        let hasMasks = model.hasMasks
        pipeline = try section.nested(.pipeline) { child throws(ConfigurationError) in
            try PipelineConfig(child, task, hasMasks: hasMasks)
        }
        optimizer = try section.nested(.optimizer, OptimizerConfig.init)
        schedule = try section.nested(.schedule, ScheduleConfig.init)
        batch = try section.nested(.batch, BatchConfig.init)
        run = try section.nested(.run) { child throws(ConfigurationError) in try RunSettings(child, task) }
    }

    /// The merged whole in canonical order; loading it gives an equal configuration.
    package var yaml: String {
        let root: ConfigNode = .section([
            (Key.task, .name(task)), (.method, .name(method)), (.model, model.node),
            (.objective, objective?.node),
            (.data, data.node), (.pipeline, pipeline.node), (.optimizer, optimizer.node),
            (.schedule, schedule.node), (.batch, batch.node), (.run, run.node),
        ])
        return root.yaml
    }

    /// Equal for equal configurations, however they were written: 16 hexadecimal digits over `yaml`.
    package var digest: String { XXH64.text([UInt8](yaml.utf8)[...]) }
}
