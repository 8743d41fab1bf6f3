import DetectionData
import Randomness
import Testing

@Suite struct PhotometricOneOfTests {
    /// A picture on which all operations leave different traces.
    private let image: Image = {
        var image = Image(width: 32, height: 32)
        for i in image.pixels.indices { image.pixels[i] = UInt8(3 + (i * i / 7 + i * 37) % 248) }
        return image
    }()

    /// 48 outcomes: three operations have no magnitude, solarize has nine, the four that mix have eight (the fifth
    /// of nine mixes nothing in), posterize keeps 4, 3, 2 or 1 bits.
    @Test func everyOperationAndMagnitudeIsDrawnAsOftenAsItShould() {
        var outcomes: [[UInt8]: Int] = [:]
        let draws = 4050
        for index in 0..<draws {
            var sample = Sample(image: image, boxes: [], labels: [], boxIDs: [], imageID: 1)
            var random = RandomSource(seed: 2, sample: index, purpose: .test)
            PhotometricOneOf().apply(to: &sample, random: &random)
            outcomes[sample.image.pixels, default: 0] += 1
        }
        var expected: [[UInt8]: Int] = [:]
        for kind in ColorOp.Kind.allCases {
            for magnitude in 1...9 {
                var changed = image
                ColorOp(kind, magnitude: magnitude).apply(to: &changed)
                expected[changed.pixels, default: 0] += draws / 81
            }
        }
        #expect(Set(outcomes.keys) == Set(expected.keys))
        #expect(expected.count == 3 + 9 + 4 * 8 + 4)
        for (pixels, count) in expected {
            #expect(abs(Double(outcomes[pixels] ?? 0) - Double(count)) < 5 * Double(count).squareRoot())
        }
    }
}
