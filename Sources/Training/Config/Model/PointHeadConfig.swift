/// The head of an anchor-free detector: two towers of 3x3 convolutions with group norms, boxes and centreness
/// on one or both, and on the other what the task asks for.
package struct PointHeadConfig: Sendable, Equatable {
    package enum Distances: String, Sendable, CaseIterable {
        /// Logarithms of pixels.
        case exp
        /// Strides of their level, negative ones cut off.
        case strides
    }

    package enum BoxLoss: String, Sendable, CaseIterable {
        case iou, giou
    }

    /// What a point's box loss is multiplied by.
    package enum BoxWeight: String, Sendable, CaseIterable {
        case centerness, equal
    }

    package enum Score: String, Sendable, CaseIterable {
        /// Of a class's probability and the centreness, after candidates were chosen by the former.
        case product
        /// The product's square root, by which candidates are chosen.
        case root
    }

    package let channels: Int
    package let stackedConvolutions: Int
    /// Of the norms; divides the channels.
    package let groups: Int
    package let convolutionBias: Bool
    package let centernessOnBoxTower: Bool
    /// A trained factor per level before the distances.
    package let levelScales: Bool
    package let distances: Distances
    package let boxLoss: BoxLoss
    package let boxWeight: BoxWeight
    package let output: HeadConfig.Output
    /// There exactly in fine-tuning.
    package let score: Score?

    enum Key: String, ConfigKey {
        case channels, groups, distances, classes, embedding, prior, score
        case stackedConvolutions = "stacked_convs"
        case convolutionBias = "conv_bias"
        case centernessOnBoxTower = "centerness_on_reg"
        case levelScales = "level_scales"
        case boxLoss = "box_loss"
        case boxWeight = "box_weight"
        case projectionHidden = "projection_hidden"
    }

    init(_ section: ConfigSection<Key>, _ task: RunConfig.Task) throws(ConfigurationError) {
        channels = try section.integer(.channels, in: 1...Int.max)
        stackedConvolutions = try section.integer(.stackedConvolutions, in: 0...Int.max)
        groups = try section.integer(.groups, in: 1...Int.max)
        guard channels % groups == 0 else {
            throw section.error(.groups, "\(channels) channels do not divide into \(groups) groups")
        }
        convolutionBias = try section.flag(.convolutionBias)
        centernessOnBoxTower = try section.flag(.centernessOnBoxTower)
        levelScales = try section.flag(.levelScales)
        distances = try section.choice(.distances)
        boxLoss = try section.choice(.boxLoss)
        boxWeight = try section.choice(.boxWeight)
        switch task {
        case .pretrain:
            try section.refuse(.classes, .prior, .score, because: "pre-training knows no classes")
            output = .projection(
                hidden: try section.integer(.projectionHidden, in: 1...Int.max),
                embedding: try section.integer(.embedding, in: 1...Int.max))
            score = nil
        case .finetune:
            try section.refuse(.projectionHidden, .embedding, because: "only pre-training projects")
            let prior = try section.number(.prior, .fraction)
            guard prior > 0, prior < 1 else {
                throw section.error(.prior, "expected a number between 0 and 1")
            }
            output = .classification(classes: try section.integer(.classes, in: 1...Int.max), prior: prior)
            score = try section.choice(.score)
        }
    }

    var node: ConfigNode {
        let common: [(Key, ConfigNode?)] = [
            (.channels, .count(channels)), (.stackedConvolutions, .count(stackedConvolutions)),
            (.groups, .count(groups)), (.convolutionBias, .flag(convolutionBias)),
            (.centernessOnBoxTower, .flag(centernessOnBoxTower)), (.levelScales, .flag(levelScales)),
            (.distances, .name(distances)), (.boxLoss, .name(boxLoss)), (.boxWeight, .name(boxWeight)),
            (.score, score.map { .name($0) }),
        ]
        switch output {
        case .projection(let hidden, let embedding):
            return .section(common + [(.projectionHidden, .count(hidden)), (.embedding, .count(embedding))])
        case .classification(let classes, let prior):
            return .section(common + [(.classes, .count(classes)), (.prior, .number(prior))])
        }
    }
}
