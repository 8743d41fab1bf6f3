import Foundation
import TestSupport

@testable import DetectionData

/// What `make_images.py` wrote, and the pictures it started from.
struct ImageGolden: Decodable {
    struct EXIF: Decodable {
        let file: String
        let width: Int
        let height: Int
        let stored: UInt32
        let turned: UInt32
    }

    struct PNG: Decodable {
        let file: String
        let width: Int
        let height: Int
        let crc: UInt32
    }

    struct Resize: Decodable {
        let source: String
        let width: Int
        let height: Int
        let crc: UInt32
    }

    struct Color: Decodable {
        let source: String
        let kind: String
        let magnitude: Int
        let crc: UInt32
    }

    let sources: [String: UInt32]
    let exif: [EXIF]
    let png: [PNG]
    let resize: [Resize]
    let color: [Color]

    static let all: ImageGolden = {
        do {
            return try JSONDecoder().decode(ImageGolden.self, from: Golden.data("images/golden.json"))
        } catch {
            preconditionFailure("golden.json: \(error)")
        }
    }()

    static func path(_ name: String) -> String { Golden.url("images/\(name)").path }

    /// The picture that `make_images.py` calls `name`.
    static func source(_ name: String) throws -> Image {
        switch name {
        case "photo": return try ImageFile.load(path: path("photo.jpg")).image
        case "testorig": return try ppm("awkward_jpegs/expected/testorig.ppm")
        case "small": return try ppm("full/small.ppm")
        case "lowContrast":
            let small = try ppm("full/small.ppm")
            return Image(width: small.width, height: small.height, pixels: small.pixels.map { $0 / 4 + 90 })
        case "uniform": return Image(width: 11, height: 9, colour: (77, 77, 77))
        case "twoByTwo": return try ppm("full/small.ppm").cropped(x: 0, y: 0, width: 2, height: 2)
        default:
            let sides = name.dropFirst("noise".count).split(separator: "x").compactMap { Int($0) }
            return noise(width: sides[0], height: sides[1])
        }
    }

    static func noise(width: Int, height: Int) -> Image {
        let pixels = (0..<width * height * 3).map { UInt8(truncatingIfNeeded: ($0 * 2_654_435_761) >> 13) }
        return Image(width: width, height: height, pixels: pixels)
    }

    /// A binary PPM file without comments.
    static func ppm(_ name: String) throws -> Image {
        let bytes = [UInt8](try Golden.data("images/\(name)"))
        let fields = bytes.prefix(64).split(maxSplits: 4, omittingEmptySubsequences: true) {
            $0 == 0x0A || $0 == 0x20
        }
        let numbers = fields.dropFirst().prefix(3).compactMap { Int(String(decoding: $0, as: UTF8.self)) }
        let byteCount = numbers[0] * numbers[1] * 3
        return Image(width: numbers[0], height: numbers[1], pixels: Array(bytes.suffix(byteCount)))
    }
}

/// The largest difference of two values, or nil if the sizes differ.
func largestDifference(_ a: Image, _ b: Image) -> Int? {
    guard a.width == b.width, a.height == b.height else { return nil }
    return zip(a.pixels, b.pixels).reduce(0) { max($0, abs(Int($1.0) - Int($1.1))) }
}
