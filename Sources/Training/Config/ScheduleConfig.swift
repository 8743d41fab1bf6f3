/// How long a run is, and the learning rate along it.
package struct ScheduleConfig: Sendable, Equatable {
    /// What `length` and the decay's `at` count.
    package enum Unit: String, Sendable, CaseIterable {
        case epoch, step
    }

    /// The first steps; the numbers are steps whatever the schedule's unit.
    package enum WarmUp: Sendable, Equatable {
        case none
        /// At step k of the first w, the rate times 1 - (1 - k/w)(1 - ratio).
        case linear(steps: Int, ratio: Double)
        /// The rate times the ratio.
        case constant(steps: Int, ratio: Double)
    }

    package enum Decay: Sendable, Equatable {
        /// Times `factor` from each of `at` on, ascending; counted from 0.
        case step(at: [Int], factor: Double)
        /// Half a cosine from the rate down to `minimumRatio` of it.
        case cosine(minimumRatio: Double)
    }

    package let unit: Unit
    package let length: Int
    package let warmUp: WarmUp
    package let decay: Decay

    enum Key: String, ConfigKey {
        case unit, length, decay
        case warmUp = "warmup"
    }

    private enum WarmUpKey: String, ConfigKey {
        case kind, steps, ratio
    }

    private enum WarmUpKind: String, CaseIterable {
        case linear, constant, none
    }

    private enum DecayKey: String, ConfigKey {
        case kind, at, factor
        case minimumRatio = "minimum_ratio"
    }

    private enum DecayKind: String, CaseIterable {
        case step, cosine
    }

    init(_ section: ConfigSection<Key>) throws(ConfigurationError) {
        unit = try section.choice(.unit)
        length = try section.integer(.length, in: 1...Int.max)
        warmUp = try section.nested(.warmUp, Self.warmUp)
        decay = try section.nested(.decay, Self.decay)
    }

    private static func warmUp(_ section: ConfigSection<WarmUpKey>) throws(ConfigurationError) -> WarmUp {
        let kind = try section.choice(.kind, WarmUpKind.self)
        if kind == .none {
            try section.refuse(.steps, .ratio, because: "there is no warm-up")
            return .none
        }
        let steps = try section.integer(.steps, in: 1...Int.max)
        let ratio = try section.number(.ratio, .fraction)
        return kind == .linear ? .linear(steps: steps, ratio: ratio) : .constant(steps: steps, ratio: ratio)
    }

    private static func decay(_ section: ConfigSection<DecayKey>) throws(ConfigurationError) -> Decay {
        switch try section.choice(.kind, DecayKind.self) {
        case .step:
            try section.refuse(.minimumRatio, because: "only the cosine has a minimum")
            let isConstant = try section.items(.at, of: "whole numbers").isEmpty
            let at = isConstant ? [] : try section.integers(.at, in: 1...Int.max)
            guard zip(at, at.dropFirst()).allSatisfy(<) else { throw section.error(.at, "must ascend") }
            return .step(at: at, factor: try section.number(.factor, .positive))
        case .cosine:
            try section.refuse(.at, .factor, because: "the cosine has no steps")
            return .cosine(minimumRatio: try section.number(.minimumRatio, .fraction))
        }
    }

    var node: ConfigNode {
        let warmUpNode: ConfigNode =
            switch warmUp {
            case .none: .section([(WarmUpKey.kind, .name(WarmUpKind.none))])
            case .linear(let steps, let ratio): Self.node(.linear, steps, ratio)
            case .constant(let steps, let ratio): Self.node(.constant, steps, ratio)
            }
        let decayNode: ConfigNode =
            switch decay {
            case .step(let at, let factor):
                .section([
                    (DecayKey.kind, .name(DecayKind.step)), (.at, .list(at.map { .count($0) })),
                    (.factor, .number(factor)),
                ])
            case .cosine(let ratio):
                .section([(DecayKey.kind, .name(DecayKind.cosine)), (.minimumRatio, .number(ratio))])
            }
        return .section([
            (Key.unit, .name(unit)), (.length, .count(length)), (.warmUp, warmUpNode), (.decay, decayNode),
        ])
    }

    private static func node(_ kind: WarmUpKind, _ steps: Int, _ ratio: Double) -> ConfigNode {
        .section([(WarmUpKey.kind, .name(kind)), (.steps, .count(steps)), (.ratio, .number(ratio))])
    }
}
