/// A photometric operation on an 8-bit image, bit for bit what Pillow gives.
/// - Source: the nine operations that AlignDet draws one of per view.
package enum ColorOp: Sendable, Equatable {
    case identity
    /// Stretches each channel to 0...255.
    case autoContrast
    /// Flattens each channel's histogram.
    case equalize
    /// Inverts values from `threshold` on.
    case solarize(threshold: Int)
    /// Mixes with the grey picture: 0 is grey, 1 leaves the image alone, more saturates.
    case color(factor: Float)
    /// Mixes with the mean grey.
    case contrast(factor: Float)
    /// Mixes with black.
    case brightness(factor: Float)
    /// Mixes with a smoothed copy.
    case sharpness(factor: Float)
    /// Keeps the upper `bits` of each value, 0...8.
    case posterize(bits: Int)

    /// The operation's name without its parameter, in the order in which one is drawn.
    package enum Kind: String, Sendable, CaseIterable {
        case identity, autoContrast, equalize, solarize, color, contrast, brightness, sharpness, posterize
    }

    /// The magnitudes that are drawn from, evenly.
    package static let magnitudes = 1...9

    /// The operation of this kind at `magnitude` of 10; kinds without a parameter ignore it.
    /// - magnitude: 0...10; AlignDet draws 1...9.
    package init(_ kind: Kind, magnitude: Int) {
        precondition((0...10).contains(magnitude), "magnitude \(magnitude) is outside 0...10")
        // In double precision and in this order, as the Python original; rounded to single where Pillow takes
        // it.
        let factor = Float(Double(magnitude) / 10 * 1.8 + 0.1)
        switch kind {
        case .identity: self = .identity
        case .autoContrast: self = .autoContrast
        case .equalize: self = .equalize
        case .solarize: self = .solarize(threshold: min(magnitude * 256 / 10, 255))
        case .color: self = .color(factor: factor)
        case .contrast: self = .contrast(factor: factor)
        case .brightness: self = .brightness(factor: factor)
        case .sharpness: self = .sharpness(factor: factor)
        case .posterize: self = .posterize(bits: 4 - magnitude * 4 / 10)
        }
    }

    /// Changes every pixel of `image`, padding included.
    package func apply(to image: inout Image) {
        if image.pixels.isEmpty { return }
        switch self {
        case .identity: return
        case .autoContrast: image.mapValues(Self.autoContrastTable(image.histogram()))
        case .equalize: image.mapValues(Self.equalizeTable(image.histogram()))
        case .solarize(let threshold):
            image.mapValues(Self.sameTable { Int($0) < threshold ? $0 : 255 - $0 })
        case .color(let factor): image.mixWithGrey(factor)
        case .contrast(let factor):
            let mean = image.meanGrey()
            image.mapValues(Self.sameTable { Self.mix(mean, $0, factor) })
        case .brightness(let factor): image.mapValues(Self.sameTable { Self.mix(0, $0, factor) })
        case .sharpness(let factor): image.mixWithSmoothed(factor)
        case .posterize(let bits):
            precondition((0...8).contains(bits), "posterize to \(bits) bits")
            let mask = UInt8(truncatingIfNeeded: 0xFF00 >> bits)
            image.mapValues(Self.sameTable { $0 & mask })
        }
    }

    /// `base + factor * (value - base)` in single precision, cut off towards 0 and to 0...255.
    static func mix(_ base: UInt8, _ value: UInt8, _ factor: Float) -> UInt8 {
        let mixed = Float(base) + factor * Float(Int32(value) - Int32(base))
        return UInt8(min(max(mixed, 0), 255))
    }
}
