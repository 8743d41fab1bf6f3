/// How gradients become updates.
package struct OptimizerConfig: Sendable, Equatable {
    package enum Algorithm: Sendable, Equatable {
        /// Without Nesterov's term.
        case sgd(momentum: Double)
        case adamW(beta1: Double, beta2: Double, epsilon: Double)
    }

    /// An exception for the parameters whose names contain `match`; of several the longest counts.
    package struct Rule: Sendable, Equatable {
        package let match: String
        package let learningRateMultiplier: Double
        package let decayMultiplier: Double

        enum Key: String, ConfigKey {
            case match
            case learningRateMultiplier = "lr_mult"
            case decayMultiplier = "decay_mult"
        }

        init(_ section: ConfigSection<Key>) throws(ConfigurationError) {
            match = try section.text(.match)
            learningRateMultiplier = try section.number(.learningRateMultiplier, .notNegative)
            decayMultiplier = try section.number(.decayMultiplier, .notNegative)
        }

        var node: ConfigNode {
            .section([
                (Key.match, .text(match)), (.learningRateMultiplier, .number(learningRateMultiplier)),
                (.decayMultiplier, .number(decayMultiplier)),
            ])
        }
    }

    package let algorithm: Algorithm
    /// For the whole global batch, before schedule and rules.
    package let learningRate: Double
    package let weightDecay: Double
    /// Limit of the gradient's Euclidean norm over all parameters; `nil` (in YAML `none`) leaves it alone.
    package let clipNorm: Double?
    package let rules: [Rule]

    enum Key: String, ConfigKey {
        case name, lr, momentum, betas, eps, rules
        case weightDecay = "weight_decay"
        case clipNorm = "clip_norm"
    }

    private enum Name: String, CaseIterable {
        case sgd, adamw
    }

    init(_ section: ConfigSection<Key>) throws(ConfigurationError) {
        switch try section.choice(.name, Name.self) {
        case .sgd:
            try section.refuse(.betas, .eps, because: "sgd has a momentum instead")
            algorithm = .sgd(momentum: try section.number(.momentum, .belowOne))
        case .adamw:
            try section.refuse(.momentum, because: "adamw has betas instead")
            let betas = try section.numbers(.betas, count: 2, .belowOne)
            algorithm = .adamW(beta1: betas[0], beta2: betas[1], epsilon: try section.number(.eps, .positive))
        }
        learningRate = try section.number(.lr, .positive)
        weightDecay = try section.number(.weightDecay, .notNegative)
        clipNorm = try section.isNone(.clipNorm) ? nil : section.number(.clipNorm, .positive)
        rules = try section.nestedList(.rules, Rule.init)
        guard Set(rules.map(\.match)).count == rules.count else {
            throw section.error(.rules, "two rules have the same 'match'")
        }
    }

    var node: ConfigNode {
        let own: [(Key, ConfigNode?)] =
            switch algorithm {
            case .sgd(let momentum): [(.name, .name(Name.sgd)), (.momentum, .number(momentum))]
            case .adamW(let beta1, let beta2, let epsilon):
                [
                    (.name, .name(Name.adamw)), (.betas, .list([.number(beta1), .number(beta2)])),
                    (.eps, .number(epsilon)),
                ]
            }
        return .section(
            own + [
                (.lr, .number(learningRate)), (.weightDecay, .number(weightDecay)),
                (.clipNorm, clipNorm.map { .number($0) } ?? .nothing), (.rules, .list(rules.map(\.node))),
            ])
    }
}
