/// The first stage of a two-stage detector: which anchors hold an object, and the regions that come of them.
package struct RPNConfig: Sendable, Equatable {
    package let channels: Int
    package let boxLoss: HeadConfig.BoxLoss
    package let assigner: AssignerConfig
    package let sampler: BalancedSamplerConfig
    package let training: ProposalLimitsConfig
    package let testing: ProposalLimitsConfig
    /// Intersection over union above which the lower score of a level goes.
    package let nmsThreshold: Double
    /// Smaller proposals are dropped, in network-input pixels.
    package let minimumSide: Double
    /// Anchors that stick out of the picture further than this many pixels are not trained on; `nil` (the key is not
    /// there) trains on all.
    package let border: Double?

    enum Key: String, ConfigKey {
        case channels, assigner, sampler, train, test, border
        case boxLoss = "box_loss"
        case nmsThreshold = "nms_threshold"
        case minimumSide = "min_side"
    }

    init(_ section: ConfigSection<Key>) throws(ConfigurationError) {
        channels = try section.integer(.channels, in: 1...Int.max)
        boxLoss = try section.choice(.boxLoss)
        assigner = try section.nested(.assigner, AssignerConfig.init)
        sampler = try section.nested(.sampler, BalancedSamplerConfig.init)
        training = try section.nested(.train, ProposalLimitsConfig.init)
        testing = try section.nested(.test, ProposalLimitsConfig.init)
        nmsThreshold = try section.number(.nmsThreshold, .fraction)
        minimumSide = try section.number(.minimumSide, .notNegative)
        border = try section.has(.border) ? section.number(.border, .notNegative) : nil
    }

    var node: ConfigNode {
        .section([
            (Key.channels, .count(channels)), (.boxLoss, .name(boxLoss)), (.assigner, assigner.node),
            (.sampler, sampler.node), (.train, training.node), (.test, testing.node),
            (.nmsThreshold, .number(nmsThreshold)), (.minimumSide, .number(minimumSide)),
            (.border, border.map { .number($0) }),
        ])
    }
}
