import Foundation
import Testing

@testable import DetectionData

@Suite struct ImageFileTests {
    @Test func ordinaryPhotographDecodesToThePixelsOfPillow() throws {
        let photo = try ImageGolden.source("photo")
        #expect(photo.width == 640 && photo.height == 480)
        #expect(crc32(photo.pixels) == ImageGolden.all.sources["photo"])
    }

    @Test(arguments: 1...8) func orientationIsAppliedOrLeft(value: Int) throws {
        let golden = ImageGolden.all.exif[value - 1]
        let path = ImageGolden.path(golden.file)
        let turned = try ImageFile.load(path: path).image
        #expect(turned.width == golden.width && turned.height == golden.height)
        #expect(crc32(turned.pixels) == golden.turned)
        let stored = try ImageFile.load(path: path, orientation: .asStored).image
        #expect(stored.width == 30 && stored.height == 21)
        #expect(crc32(stored.pixels) == golden.stored)
        #expect(try ImageFile.size(path: path) == (golden.width, golden.height))
        #expect(try ImageFile.size(path: path, orientation: .asStored) == (30, 21))
    }

    @Test func everyKindOfPNGBecomesRGB() throws {
        for golden in ImageGolden.all.png {
            let path = ImageGolden.path(golden.file)
            let image = try ImageFile.load(path: path).image
            #expect(image.width == golden.width && image.height == golden.height, "\(golden.file)")
            #expect(crc32(image.pixels) == golden.crc, "\(golden.file)")
            #expect(try ImageFile.size(path: path) == (golden.width, golden.height))
        }
    }

    @Test func truncatedPNGIsRefusedOrKeptWithAWarning() throws {
        let bytes = try FileBytes.read(ImageGolden.path("awkward_jpegs/png_named.jpg")).bytes
        let whole = try ImageFile.decode(bytes, name: "whole").image
        let half = Array(bytes.prefix(bytes.count / 2))
        let error = #expect(throws: DataError.self) { try ImageFile.decode(half, name: "half.png") }
        #expect(error?.description.contains("half.png: damaged PNG file") == true)
        let partial = try ImageFile.decode(half, name: "half.png", damage: .keepPartial)
        #expect(partial.warning?.contains("half.png") == true)
        let upperRowsAgree = partial.image.pixels.prefix(227 * 3 * 40) == whole.pixels.prefix(227 * 3 * 40)
        #expect(upperRowsAgree)
        #expect(partial.image.pixels.suffix(227 * 3).allSatisfy { $0 == 0 })
    }

    @Test func cutOrChangedPNGNeverCrashes() throws {
        for name in ["png/rgb_interlaced.png", "png/palette_transparent.png", "png/rgb_exif_6.png"] {
            let bytes = try FileBytes.read(ImageGolden.path(name)).bytes
            for length in 0..<bytes.count - 12 {
                #expect(throws: DataError.self) { try ImageFile.decode(Array(bytes[0..<length]), name: name) }
            }
            for position in bytes.indices {
                var changed = bytes
                changed[position] ^= 0x55
                _ = try? ImageFile.decode(changed, name: name, damage: .keepPartial, pixelLimit: 1 << 20)
            }
        }
    }

    @Test func pixelLimitIsCheckedForBothFormats() throws {
        for name in ["awkward_jpegs/hopper.jpg", "awkward_jpegs/png_named.jpg"] {
            let path = ImageGolden.path(name)
            let error = #expect(throws: DataError.self) {
                try ImageFile.load(path: path, pixelLimit: 128 * 128 - 1)
            }
            #expect(error?.description.contains("too large") == true)
            #expect(throws: DataError.self) { try ImageFile.size(path: path, pixelLimit: 128 * 128 - 1) }
        }
        _ = try ImageFile.load(path: ImageGolden.path("awkward_jpegs/hopper.jpg"), pixelLimit: 128 * 128)
    }

    @Test func scaledDecodingRoundsSidesUpAndKeepsTheMeanColour() throws {
        let bytes = try FileBytes.read(ImageGolden.path("awkward_jpegs/testorig.jpg")).bytes
        let mean = { (image: Image) in image.pixels.reduce(0) { $0 + Double($1) } / Double(image.pixels.count)
        }
        let full = try mean(JPEGDecoder.decode(bytes, name: "testorig").image)
        for (scale, width, height) in [
            (JPEGDecoder.Scale.half, 114, 75), (.quarter, 57, 38), (.eighth, 29, 19),
        ] {
            let image = try JPEGDecoder.decode(bytes, name: "testorig", scale: scale).image
            #expect(image.width == width && image.height == height)
            #expect(abs(mean(image) - full) < 2)
        }
    }

    @Test func errorsNameTheFileAndTheReason() throws {
        let missing = #expect(throws: DataError.self) { try ImageFile.load(path: "/nowhere/a.jpg") }
        #expect(missing?.kind == .missingInput)
        #expect(missing?.description == "/nowhere/a.jpg: cannot be opened: No such file or directory")
        let folder = #expect(throws: DataError.self) { try ImageFile.load(path: "/") }
        #expect(folder?.description == "/: not a regular file")
        let text = #expect(throws: DataError.self) {
            try ImageFile.decode(Array("GIF89a".utf8), name: "b.gif")
        }
        #expect(text?.kind == .badInput)
        #expect(text?.description.contains("b.gif: neither a JPEG nor a PNG file") == true)
    }

    @Test func headerBehindALongProfileIsFound() throws {
        let bytes = try FileBytes.read(ImageGolden.path("exif/orientation_6.jpg")).bytes
        // Two APP2 segments of 65,533 bytes each push the frame header out of the first read.
        let segment: [UInt8] = [0xFF, 0xE2, 0xFF, 0xFF] + [UInt8](repeating: 7, count: 65533)
        let padded = Array(bytes.prefix(2)) + segment + segment + bytes.dropFirst(2)
        let path = FileManager.default.temporaryDirectory.appendingPathComponent("long-\(UUID()).jpg").path
        try Data(padded).write(to: URL(fileURLWithPath: path))
        defer { try? FileManager.default.removeItem(atPath: path) }
        #expect(try ImageFile.size(path: path) == (21, 30))
        #expect(try crc32(ImageFile.load(path: path).image.pixels) == ImageGolden.all.exif[5].turned)
    }
}
