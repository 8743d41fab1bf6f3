/// The points of an anchor-free detector, and which boxes are theirs.
package struct PointConfig: Sendable, Equatable {
    package enum Spacing: String, Sendable, CaseIterable {
        /// Points lie a stride apart.
        case stride
        /// As far apart as the input's size over the map's says (torchvision).
        case input
    }

    /// Pixels of a cell, one number a level.
    package let strides: [Int]
    package let spacing: Spacing
    /// Of the first point in strides: 0.5 is the middle of the cell.
    package let offset: Double
    /// The largest distance from a point to a side of its box, in pixels, of each level but the last.
    package let limits: [Double]
    /// Points beyond so many strides from a box's centre are not its own; `nil` (in YAML `none`) takes all
    /// inside.
    package let radius: Double?

    enum Key: String, ConfigKey {
        case strides, spacing, offset, limits, radius
    }

    /// - levelCount: of the neck, which strides and limits must match.
    init(_ section: ConfigSection<Key>, levelCount: Int) throws(ConfigurationError) {
        strides = try section.integers(.strides, in: 1...Int.max)
        guard strides.count == levelCount else {
            throw section.error(
                .strides, "has \(strides.count) entries, and model.neck.outputs is \(levelCount)")
        }
        spacing = try section.choice(.spacing)
        offset = try section.number(.offset, .fraction)
        let limits = try section.numbers(.limits, .positive)
        guard limits.count == levelCount - 1 else {
            throw section.error(
                .limits, "has \(limits.count) entries, and model.neck.outputs is \(levelCount)",
                hint: "the last level has no limit")
        }
        guard zip(limits, limits.dropFirst()).allSatisfy({ $0 < $1 }) else {
            throw section.error(.limits, "must ascend")
        }
        self.limits = limits
        radius = try section.isNone(.radius) ? nil : section.number(.radius, .positive)
    }

    var node: ConfigNode {
        .section([
            (Key.strides, .list(strides.map { .count($0) })), (.spacing, .name(spacing)),
            (.offset, .number(offset)),
            (.limits, .list(limits.map { .number($0) })),
            (.radius, radius.map { .number($0) } ?? .nothing),
        ])
    }
}
