internal import Foundation

extension ColourSpace {
    /// Hue, saturation and value planes, or the hue plane alone.
    static func fillHSV(
        _ out: UnsafeMutablePointer<UInt8>, from pixels: UnsafePointer<UInt8>, pixelCount: Int, onlyHue: Bool
    ) {
        // 255 / value and 30 / chroma, so that no division is left in the loop; 0 for grey and black.
        let saturationScale = (0...255).map { $0 == 0 ? Float(0) : 255 / Float($0) }
        let hueScale = (0...255).map { $0 == 0 ? Float(0) : 30 / Float($0) }
        saturationScale.withUnsafeBufferPointer { saturationScale in
            hueScale.withUnsafeBufferPointer { hueScale in
                for i in 0..<pixelCount {
                    let (r, g, b) = (Int(pixels[3 * i]), Int(pixels[3 * i + 1]), Int(pixels[3 * i + 2]))
                    let value = max(r, max(g, b))
                    let chroma = value &- min(r, min(g, b))
                    let sextant: Float
                    if value == r {
                        sextant = Float(g &- b) * hueScale[chroma]
                    } else if value == g {
                        sextant = 60 + Float(b &- r) * hueScale[chroma]
                    } else {
                        sextant = 120 + Float(r &- g) * hueScale[chroma]
                    }
                    let hue = Int32(sextant < 0 ? sextant + 180.5 : sextant + 0.5)
                    out[i] = UInt8(truncatingIfNeeded: hue >= 180 ? hue &- 180 : hue)
                    if onlyHue { continue }
                    let saturation = Int32(Float(chroma) * saturationScale[value] + 0.5)
                    out[pixelCount + i] = UInt8(truncatingIfNeeded: saturation)
                    out[2 * pixelCount + i] = UInt8(truncatingIfNeeded: value)
                }
            }
        }
    }

    /// L*, a* and b* planes.
    static func fillLab(
        _ out: UnsafeMutablePointer<UInt8>, from pixels: UnsafePointer<UInt8>, pixelCount: Int
    ) {
        linearLight.withUnsafeBufferPointer { light in
            labCurve.withUnsafeBufferPointer { curve in
                @inline(__always)
                func f(_ t: Float) -> Float {
                    let position = min(t, 1) * Float(labCurveSteps)
                    let index = Int(position)
                    return curve[index] + (position - Float(index)) * (curve[index + 1] - curve[index])
                }
                @inline(__always)
                func level(_ v: Float) -> UInt8 {
                    UInt8(truncatingIfNeeded: Int32(min(max(v + 0.5, 0), 255)))
                }

                for i in 0..<pixelCount {
                    let (r, g, b) = (
                        light[Int(pixels[3 * i])], light[Int(pixels[3 * i + 1])],
                        light[Int(pixels[3 * i + 2])]
                    )
                    // Rows of the sRGB (D65) matrix, those of X and Z divided by the white point.
                    let x = f(0.433953 * r + 0.376219 * g + 0.189828 * b)
                    let y = f(0.212671 * r + 0.715160 * g + 0.072169 * b)
                    let z = f(0.017758 * r + 0.109477 * g + 0.872766 * b)
                    out[i] = level((116 * y - 16) * 2.55)
                    out[pixelCount + i] = level(500 * (x - y) + 128)
                    out[2 * pixelCount + i] = level(200 * (y - z) + 128)
                }
            }
        }
    }

    /// Linear light of an sRGB byte, 0 to 1 (IEC 61966-2-1).
    private static let linearLight: [Float] = (0...255).map { byte in
        let v = Double(byte) / 255
        return Float(v <= 0.04045 ? v / 12.92 : pow((v + 0.055) / 1.055, 2.4))
    }

    /// Fine enough that linear interpolation stays within a hundredth of a level.
    private static let labCurveSteps = 2048

    /// The curve of CIE L*a*b* (CIE 15:2004): cube root, linear near zero; one entry past the end.
    private static let labCurve: [Float] = (0...(labCurveSteps + 1)).map { step in
        let t = Double(step) / Double(labCurveSteps)
        return Float(t > 0.008856 ? cbrt(t) : 7.787 * t + 16.0 / 116)
    }
}
