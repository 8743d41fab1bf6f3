/// What a run does besides training.
package struct RunSettings: Sendable, Equatable {
    package let seed: UInt64
    /// Steps between checkpoints; 0 writes only the last.
    package let checkpointEvery: Int
    /// Checkpoints kept, the newest.
    package let keep: Int
    /// Steps between lines of the log.
    package let logEvery: Int
    /// Steps between evaluations, 0 only at the end; there exactly in fine-tuning.
    package let evalEvery: Int?
    /// Threads of each rank that decode and transform photographs.
    package let loaderThreads: Int
    /// Whether sums are taken in an order that no timing changes.
    package let deterministic: Bool
    package let amp: MixedPrecision

    enum Key: String, ConfigKey {
        case seed, keep, deterministic, amp
        case checkpointEvery = "checkpoint_every"
        case logEvery = "log_every"
        case evalEvery = "eval_every"
        case loaderThreads = "loader_threads"
    }

    init(_ section: ConfigSection<Key>, _ task: RunConfig.Task) throws(ConfigurationError) {
        seed = UInt64(try section.integer(.seed, in: 0...Int.max))
        checkpointEvery = try section.integer(.checkpointEvery, in: 0...Int.max)
        keep = try section.integer(.keep, in: 1...Int.max)
        logEvery = try section.integer(.logEvery, in: 1...Int.max)
        switch task {
        case .pretrain:
            try section.refuse(.evalEvery, because: "pre-training has no score")
            evalEvery = nil
        case .finetune: evalEvery = try section.integer(.evalEvery, in: 0...Int.max)
        }
        loaderThreads = try section.integer(.loaderThreads, in: 1...Int.max)
        deterministic = try section.flag(.deterministic)
        amp = try section.choice(.amp)
    }

    var node: ConfigNode {
        .section([
            (Key.seed, .count(Int(seed))), (.checkpointEvery, .count(checkpointEvery)), (.keep, .count(keep)),
            (.logEvery, .count(logEvery)), (.evalEvery, evalEvery.map { .count($0) }),
            (.loaderThreads, .count(loaderThreads)), (.deterministic, .flag(deterministic)),
            (.amp, .name(amp)),
        ])
    }
}
