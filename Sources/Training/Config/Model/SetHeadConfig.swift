/// Transformer, queries and losses of DETR.
package struct SetHeadConfig: Sendable, Equatable {
    /// Whose details count where the published programs differ.
    package enum Flavour: String, Sendable, CaseIterable {
        /// facebookresearch/detr: boxes beyond the picture stay, their losses are divided by all objects, and
        /// feed-forward biases start as PyTorch's layers do.
        case original
        /// MMDetection: boxes end at the border, losses are divided by the matched objects, biases start at
        /// 0.
        case mmdet
    }

    package let flavour: Flavour
    package let channels: Int
    /// Attention heads.
    package let heads: Int
    /// Channels between the feed-forward layers.
    package let feedForward: Int
    package let encoderLayers: Int
    package let decoderLayers: Int
    package let queries: Int
    /// Whether layers normalise what enters them instead of their sums.
    package let preNorm: Bool
    package let dropout: Double
    /// In pre-training the number of pseudo categories.
    package let classes: Int
    /// Weights of the losses, and of the costs that queries are matched by.
    package let classWeight: Double
    package let boxWeight: Double
    package let overlapWeight: Double
    /// Weight of a query without an object, beside 1 of the others.
    package let backgroundWeight: Double
    /// Numbers of the vector that the contrastive loss compares; there exactly in pre-training.
    package let embedding: Int?

    enum Key: String, ConfigKey {
        case flavour, channels, heads, queries, dropout, classes, embedding
        case feedForward = "feed_forward"
        case encoderLayers = "encoder_layers"
        case decoderLayers = "decoder_layers"
        case preNorm = "pre_norm"
        case classWeight = "class_weight"
        case boxWeight = "box_weight"
        case overlapWeight = "giou_weight"
        case backgroundWeight = "background_weight"
    }

    init(_ section: ConfigSection<Key>, _ task: RunConfig.Task) throws(ConfigurationError) {
        flavour = try section.choice(.flavour)
        channels = try section.integer(.channels, in: 1...Int.max)
        heads = try section.integer(.heads, in: 1...Int.max)
        // Half of the channels encode the row, half the column.
        guard channels.isMultiple(of: heads), channels.isMultiple(of: 2) else {
            throw section.error(
                .channels, "\(channels) channels do not divide into \(heads) heads and two axes",
                hint: "take an even multiple of model.head.heads")
        }
        feedForward = try section.integer(.feedForward, in: 1...Int.max)
        encoderLayers = try section.integer(.encoderLayers, in: 0...Int.max)
        decoderLayers = try section.integer(.decoderLayers, in: 1...Int.max)
        queries = try section.integer(.queries, in: 1...Int.max)
        preNorm = try section.flag(.preNorm)
        dropout = try section.number(.dropout, .belowOne)
        classes = try section.integer(.classes, in: 1...Int.max)
        classWeight = try section.number(.classWeight, .notNegative)
        boxWeight = try section.number(.boxWeight, .notNegative)
        overlapWeight = try section.number(.overlapWeight, .notNegative)
        backgroundWeight = try section.number(.backgroundWeight, .notNegative)
        switch task {
        case .pretrain: embedding = try section.integer(.embedding, in: 1...Int.max)
        case .finetune:
            try section.refuse(.embedding, because: "only pre-training projects")
            embedding = nil
        }
    }

    var node: ConfigNode {
        .section([
            (Key.flavour, .name(flavour)), (.channels, .count(channels)), (.heads, .count(heads)),
            (.feedForward, .count(feedForward)), (.encoderLayers, .count(encoderLayers)),
            (.decoderLayers, .count(decoderLayers)), (.queries, .count(queries)), (.preNorm, .flag(preNorm)),
            (.dropout, .number(dropout)), (.classes, .count(classes)), (.classWeight, .number(classWeight)),
            (.boxWeight, .number(boxWeight)), (.overlapWeight, .number(overlapWeight)),
            (.backgroundWeight, .number(backgroundWeight)), (.embedding, embedding.map { .count($0) }),
        ])
    }
}
