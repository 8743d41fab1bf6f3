/// Images at a time. The recipe fixes both numbers, so every number of ranks trains the same model.
package struct BatchConfig: Sendable, Equatable {
    /// Images of one optimizer step, over all ranks.
    package let global: Int
    /// Images that go through the network together: what batch norm and per-batch losses see.
    package let micro: Int

    enum Key: String, ConfigKey {
        case global, micro
    }

    init(_ section: ConfigSection<Key>) throws(ConfigurationError) {
        global = try section.integer(.global, in: 1...Int.max)
        micro = try section.integer(.micro, in: 1...Int.max)
        guard global.isMultiple(of: micro) else {
            throw section.error(.global, "\(global) images do not divide into micro-batches of \(micro)")
        }
    }

    /// Micro-batches of one optimizer step, over all ranks.
    package var microBatchCount: Int { global / micro }

    var node: ConfigNode { .section([(Key.global, .count(global)), (.micro, .count(micro))]) }
}
