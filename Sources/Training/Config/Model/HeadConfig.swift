/// The dense head: two towers of 3x3 convolutions, boxes on one, and on the other what the task asks for.
package struct HeadConfig: Sendable, Equatable {
    package enum BoxLoss: String, Sendable, CaseIterable {
        case l1, giou
        case smoothL1 = "smooth_l1"
    }

    /// What the classification tower ends in.
    package enum Output: Sendable, Equatable {
        /// Pre-training: for each anchor a vector that the contrastive loss compares.
        /// - hidden: channels between the two 1x1 convolutions.
        case projection(hidden: Int, embedding: Int)
        /// Fine-tuning: for each anchor a logit for each class.
        /// - prior: probability of every class at the start (Lin et al. 2017, 4.1).
        case classification(classes: Int, prior: Double)
    }

    package let channels: Int
    package let stackedConvolutions: Int
    package let boxLoss: BoxLoss
    package let output: Output

    enum Key: String, ConfigKey {
        case channels, classes, embedding, prior
        case stackedConvolutions = "stacked_convs"
        case boxLoss = "box_loss"
        case projectionHidden = "projection_hidden"
    }

    init(_ section: ConfigSection<Key>, _ task: RunConfig.Task) throws(ConfigurationError) {
        channels = try section.integer(.channels, in: 1...Int.max)
        stackedConvolutions = try section.integer(.stackedConvolutions, in: 0...Int.max)
        boxLoss = try section.choice(.boxLoss)
        switch task {
        case .pretrain:
            try section.refuse(.classes, .prior, because: "pre-training knows no classes")
            output = .projection(
                hidden: try section.integer(.projectionHidden, in: 1...Int.max),
                embedding: try section.integer(.embedding, in: 1...Int.max))
        case .finetune:
            try section.refuse(.projectionHidden, .embedding, because: "only pre-training projects")
            let prior = try section.number(.prior, .fraction)
            guard prior > 0, prior < 1 else {
                throw section.error(.prior, "expected a number between 0 and 1")
            }
            output = .classification(classes: try section.integer(.classes, in: 1...Int.max), prior: prior)
        }
    }

    var node: ConfigNode {
        let common: [(Key, ConfigNode?)] = [
            (.channels, .count(channels)), (.stackedConvolutions, .count(stackedConvolutions)),
            (.boxLoss, .name(boxLoss)),
        ]
        switch output {
        case .projection(let hidden, let embedding):
            return .section(common + [(.projectionHidden, .count(hidden)), (.embedding, .count(embedding))])
        case .classification(let classes, let prior):
            return .section(common + [(.classes, .count(classes)), (.prior, .number(prior))])
        }
    }
}
