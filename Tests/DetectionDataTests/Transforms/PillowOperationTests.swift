import Foundation
import TestSupport
import Testing

@testable import DetectionData

/// Held to Pillow and torchvision; see `Golden/augment/make_augment.py`.
@Suite struct PillowOperationTests {
    private struct Picture: Decodable {
        let width: Int, height: Int, pixels: String

        var image: Image {
            let digits = Array(pixels.utf8).map { Int($0) - ($0 < 58 ? 48 : 87) }
            let bytes = stride(from: 0, to: digits.count, by: 2).map {
                UInt8(digits[$0] * 16 + digits[$0 + 1])
            }
            return Image(width: width, height: height, pixels: bytes)
        }
    }
    private struct ResizeCase: Decodable { let box: [Double]?, image: Picture }
    private struct HueCase: Decodable { let share: Float, image: Picture }
    private struct BlurCase: Decodable { let radius: Float, image: Picture }
    private struct Expected: Decodable {
        let resize: [ResizeCase], hue: [HueCase], blur: [BlurCase], grey: Picture
    }

    private let expected: Expected
    private let picture: Image

    init() throws {
        expected = try JSONDecoder().decode(Expected.self, from: Golden.data("augment/augment.json"))
        var pixels: [UInt8] = []
        for y in 0..<29 {
            for x in 0..<37 {
                for c in 0..<3 {
                    let value = x * x * 3 + y * 7 * c + x * y % 11 * 13 + c * 40 + (x / 5 + y / 4) % 2 * 90
                    pixels.append(UInt8(value % 256))
                }
            }
        }
        picture = Image(width: 37, height: 29, pixels: pixels)
    }

    /// The largest difference of a value.
    private func difference(_ a: Image, _ b: Image) -> Int {
        guard a.width == b.width, a.height == b.height else { return .max }
        return zip(a.pixels, b.pixels).reduce(0) { max($0, abs(Int($1.0) - Int($1.1))) }
    }

    @Test func resizesAreThoseOfPillow() {
        for item in expected.resize {
            let image = item.image.image
            let box = item.box.map { (x: $0[0], y: $0[1], width: $0[2] - $0[0], height: $0[3] - $0[1]) }
            let ours = PillowResize.bilinear(picture, width: image.width, height: image.height, box: box)
            #expect(ours == image, "\(image.width)x\(image.height): \(difference(ours, image))")
        }
    }

    @Test func huesAndGreyAreThoseOfPillow() {
        for item in expected.hue {
            var ours = picture
            ours.turnHue(by: item.share)
            #expect(ours == item.image.image, "\(item.share): \(difference(ours, item.image.image))")
        }
        var grey = picture
        grey.turnGrey()
        #expect(grey == expected.grey.image)
    }

    @Test func blursAreThoseOfPillow() {
        for item in expected.blur {
            var ours = picture
            ours.blur(radius: item.radius)
            #expect(ours == item.image.image, "\(item.radius): \(difference(ours, item.image.image))")
        }
    }
}
