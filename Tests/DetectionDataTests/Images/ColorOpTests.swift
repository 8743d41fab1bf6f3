import Testing

@testable import DetectionData

@Suite struct ColorOpTests {
    @Test(arguments: ColorOp.Kind.allCases) func everyMagnitudeEqualsPillowToTheBit(kind: ColorOp.Kind) throws
    {
        let cases = ImageGolden.all.color.filter { $0.kind == kind.rawValue }
        #expect(cases.count >= 7)
        for golden in cases {
            var image = try ImageGolden.source(golden.source)
            ColorOp(kind, magnitude: golden.magnitude).apply(to: &image)
            #expect(crc32(image.pixels) == golden.crc, "\(golden.source), \(kind) \(golden.magnitude)")
        }
    }

    @Test(arguments: ColorOp.Kind.allCases.dropFirst()) func everyPixelEqualsPillow(kind: ColorOp.Kind) throws
    {
        var image = try ImageGolden.source("small")
        ColorOp(kind, magnitude: 7).apply(to: &image)
        #expect(try image == ImageGolden.ppm("full/\(kind.rawValue)_7.ppm"))
    }

    @Test func magnitudesMapToTheParametersOfTheMethod() {
        let thresholds = [25, 51, 76, 102, 128, 153, 179, 204, 230]
        let bits = [4, 4, 3, 3, 2, 2, 2, 1, 1]
        for magnitude in ColorOp.magnitudes {
            #expect(
                ColorOp(.solarize, magnitude: magnitude) == .solarize(threshold: thresholds[magnitude - 1]))
            #expect(ColorOp(.posterize, magnitude: magnitude) == .posterize(bits: bits[magnitude - 1]))
            guard case .color(let factor) = ColorOp(.color, magnitude: magnitude) else {
                Issue.record("not a colour operation")
                return
            }
            #expect(abs(factor - (0.18 * Float(magnitude) + 0.1)) < 1e-6)
        }
        #expect(ColorOp(.solarize, magnitude: 10) == .solarize(threshold: 255))
    }

    @Test func imagesWithoutPixelsAreLeftAlone() {
        for kind in ColorOp.Kind.allCases {
            var image = Image(width: 0, height: 0)
            ColorOp(kind, magnitude: 9).apply(to: &image)
            #expect(image.pixels.isEmpty)
        }
    }
}
