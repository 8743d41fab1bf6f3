/// The anchors of a dense detector.
package struct AnchorConfig: Sendable, Equatable {
    package enum Rounding: String, Sendable, CaseIterable {
        /// Sides and corners are whole pixels, and cells lie as far apart as the input's size over the map's says.
        case torchvision
    }

    /// Side of the smallest square anchor in strides of its level.
    package let baseScale: Double
    package let scalesPerOctave: Int
    /// Height over width.
    package let ratios: [Double]
    /// Pixels between anchors, one number a level.
    package let strides: [Int]
    /// Centre of the first anchor in strides: 0 or 0.5.
    package let offset: Double
    /// `nil` (in YAML left out or `none`) leaves the numbers as they are.
    package let rounding: Rounding?

    enum Key: String, ConfigKey {
        case ratios, strides, offset, rounding
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
        let isExact = try section.isAbsent(.rounding)
        rounding = isExact ? nil : try section.choice(.rounding)
        guard isExact || offset == 0 else {
            throw section.error(.rounding, "takes 'offset' 0, which is \(offset)")
        }
    }

    var node: ConfigNode {
        .section([
            (Key.baseScale, .number(baseScale)), (.scalesPerOctave, .count(scalesPerOctave)),
            (.ratios, .list(ratios.map { .number($0) })), (.strides, .list(strides.map { .count($0) })),
            (.offset, .number(offset)), (.rounding, rounding.map { .name($0) }),
        ])
    }
}
