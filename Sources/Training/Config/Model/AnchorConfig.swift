/// The anchors of a dense detector.
package struct AnchorConfig: Sendable, Equatable {
    /// Side of the smallest square anchor in strides of its level.
    package let baseScale: Double
    package let scalesPerOctave: Int
    /// Height over width.
    package let ratios: [Double]
    /// Pixels between anchors, one number a level.
    package let strides: [Int]
    /// Centre of the first anchor in strides: 0 or 0.5.
    package let offset: Double

    enum Key: String, ConfigKey {
        case ratios, strides, offset
        case baseScale = "base_scale"
        case scalesPerOctave = "scales_per_octave"
    }

    /// - levelCount: of the neck, which the strides must match.
    init(_ section: ConfigSection<Key>, levelCount: Int) throws(ConfigurationError) {
        baseScale = try section.number(.baseScale, .positive)
        scalesPerOctave = try section.integer(.scalesPerOctave, in: 1...Int.max)
        ratios = try section.numbers(.ratios, .positive)
        strides = try section.integers(.strides, in: 1...Int.max)
        guard strides.count == levelCount else {
            throw section.error(
                .strides, "has \(strides.count) entries, and model.neck.outputs is \(levelCount)")
        }
        offset = try section.number(.offset, .fraction)
    }

    var node: ConfigNode {
        .section([
            (Key.baseScale, .number(baseScale)), (.scalesPerOctave, .count(scalesPerOctave)),
            (.ratios, .list(ratios.map { .number($0) })), (.strides, .list(strides.map { .count($0) })),
            (.offset, .number(offset)),
        ])
    }
}
