extension Image {
    /// Turns every hue by a part of the circle, by way of 8-bit hue, saturation and value, as Pillow and torchvision do.
    /// - share: -0.5 to 0.5 of the circle.
    /// - Source: torchvision `adjust_hue` on Pillow images; arithmetic of Pillow 10 to 12 (`Convert.c`).
    mutating func turnHue(by share: Float) {
        precondition(abs(share) <= 0.5, "a hue turned by \(share)")
        let turn = UInt8(truncatingIfNeeded: Int(Double(share) * 255))
        pixels.withUnsafeMutableBufferPointer { pixels in
            for i in stride(from: 0, to: pixels.count, by: 3) {
                let colour = Self.turned((pixels[i], pixels[i + 1], pixels[i + 2]), by: turn)
                (pixels[i], pixels[i + 1], pixels[i + 2]) = colour
            }
        }
    }

    /// The grey picture in all three channels.
    mutating func turnGrey() { mixWithGrey(0) }

    private static func turned(_ colour: (UInt8, UInt8, UInt8), by turn: UInt8) -> (UInt8, UInt8, UInt8) {
        let (high, low) = (max(colour.0, colour.1, colour.2), min(colour.0, colour.1, colour.2))
        guard high > low else { return colour }
        let range = Float(high - low)
        func distance(_ value: UInt8) -> Float { Float(high - value) / range }
        let (red, green, blue) = (distance(colour.0), distance(colour.1), distance(colour.2))
        var hue: Float
        if colour.0 == high {
            hue = blue - green
        } else if colour.1 == high {
            hue = Float(2 + Double(red) - Double(blue))
        } else {
            hue = Float(4 + Double(green) - Double(red))
        }
        hue = Float((Double(hue) / 6 + 1).truncatingRemainder(dividingBy: 1))
        let (h, s) = (UInt8(Double(hue) * 255) &+ turn, UInt8(Double(range / Float(high)) * 255))
        guard s > 0 else { return (high, high, high) }

        let place = Double(Float(h)) * 6 / 255
        let sector = place.rounded(.down)
        let (f, saturation) = (Float(place) - Float(sector), Float(s) / 255)
        func mixed(_ share: Double) -> UInt8 { UInt8(min(max((Double(high) * share).rounded(), 0), 255)) }
        let p = mixed(1 - Double(saturation))
        let q = mixed(1 - Double(saturation * f))
        let t = mixed(1 - Double(saturation) * (1 - Double(f)))
        switch Int(sector) % 6 {
        case 0: return (high, t, p)
        case 1: return (q, high, p)
        case 2: return (p, high, t)
        case 3: return (p, q, high)
        case 4: return (t, p, high)
        default: return (high, p, q)
        }
    }
}
