/// One of the second stages of a cascade.
package struct CascadeStageConfig: Sendable, Equatable {
    /// What its losses are multiplied by.
    package let weight: Double
    /// Intersection over union from which on a region holds an object; all others are background.
    package let overlap: Double
    /// What the offsets dx, dy, dw, dh are divided by.
    package let deviations: [Double]

    enum Key: String, ConfigKey {
        case weight, overlap, deviations
    }

    init(_ section: ConfigSection<Key>) throws(ConfigurationError) {
        weight = try section.number(.weight, .notNegative)
        overlap = try section.number(.overlap, .fraction)
        deviations = try section.numbers(.deviations, count: 4, .positive)
    }

    var node: ConfigNode {
        .section([
            (Key.weight, .number(weight)), (.overlap, .number(overlap)),
            (.deviations, .list(deviations.map { .number($0) })),
        ])
    }
}
