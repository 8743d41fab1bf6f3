import Foundation
import Testing

@testable import DetectionData

/// Photographs decoded at 1/2, 1/4 or 1/8 and resized, against the same decoded in full and resized.
@Suite struct DecodeBoundTests {
    /// Mean and largest difference of two pictures of one size.
    private func difference(_ a: Image, _ b: Image) -> (mean: Double, largest: Int) {
        guard a.width == b.width, a.height == b.height else { return (.infinity, .max) }
        let differences = zip(a.pixels, b.pixels).map { abs(Int($0) - Int($1)) }
        return (Double(differences.reduce(0, +)) / Double(differences.count), differences.max() ?? 0)
    }

    /// The picture as training sees it, with one box over all of it.
    private func resized(
        _ bytes: [UInt8], _ bound: DecodeBound, reduced: Bool, orientation: ImageFile.Orientation = .apply
    ) throws -> (sample: Sample, reduction: Int) {
        let loaded = try ImageFile.decode(
            bytes, name: "picture", orientation: orientation, bound: reduced ? bound : nil)
        let whole = Box(x1: 0, y1: 0, x2: Float(loaded.fullWidth), y2: Float(loaded.fullHeight))
        var sample = Sample(loaded, boxes: [whole], labels: [0], boxIDs: [0], imageID: 1)
        sample.resize(shortSide: bound.shortSide, maximumLongSide: bound.maximumLongSide)
        return (sample, loaded.reduction)
    }

    /// Smooth waves, other ones across than down: what moves by half a pixel shows, and nothing is too fine for 1/8.
    private func waves(width: Int, height: Int) -> Image {
        var pixels: [UInt8] = []
        for y in 0..<height {
            for x in 0..<width {
                let across = sin(2 * Double.pi * Double(x) / 128)
                let down = sin(2 * Double.pi * Double(y) / 170 + 1)
                for share in [1, 0.5, 0] {
                    pixels.append(UInt8((127.5 + 110 * (share * across + (1 - share) * down)).rounded()))
                }
            }
        }
        return Image(width: width, height: height, pixels: pixels)
    }

    /// A JPEG file with an EXIF block that notes `orientation`.
    private func file(_ image: Image, orientation: UInt8 = 1) throws -> [UInt8] {
        let bytes = try ImageWriter.jpeg(image)
        let block: [UInt8] =
            [0x45, 0x78, 0x69, 0x66, 0, 0] + [0x4D, 0x4D, 0, 42, 0, 0, 0, 8]
            + [0, 1, 0x01, 0x12, 0, 3, 0, 0, 0, 1, 0, orientation, 0, 0, 0, 0, 0, 0]
        return bytes[0..<2] + [0xFF, 0xE1, 0, UInt8(block.count + 2)] + block + bytes[2...]
    }

    @Test(arguments: [(240, 2), (159, 2), (120, 4), (97, 4), (60, 8), (33, 8)])
    func photographsDifferByAFewLevels(side: Int, reduction: Int) throws {
        let folder = "\(BuiltInBCCD.folder)/images/val"
        let names = try FileManager.default.contentsOfDirectory(atPath: folder).sorted().prefix(4)
        #expect(names.count == 4)
        let bound = DecodeBound(shortSide: side, maximumLongSide: 2 * side)
        for name in names {
            let bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: "\(folder)/\(name)")))
            let fast = try resized(bytes, bound, reduced: true)
            let slow = try resized(bytes, bound, reduced: false)
            #expect(fast.reduction == reduction && slow.reduction == 1)
            #expect(difference(fast.sample.image, slow.sample.image).mean < 3, "\(name) at \(side)")
            #expect(fast.sample.boxes == slow.sample.boxes)
            #expect(fast.sample.target.originalWidth == 640 && fast.sample.target.originalHeight == 480)
            #expect(fast.sample.target.scaleX == slow.sample.target.scaleX)
        }
    }

    @Test(arguments: [(400, 304), (397, 301), (401, 303), (395, 311), (301, 397)], [150, 75, 37])
    func pictureStaysInPlaceWhateverItsSize(size: (Int, Int), side: Int) throws {
        let bytes = try file(waves(width: size.0, height: size.1))
        let bound = DecodeBound(shortSide: side, maximumLongSide: 2 * side)
        let fast = try resized(bytes, bound, reduced: true)
        let slow = try resized(bytes, bound, reduced: false)
        #expect(fast.reduction == [150: 2, 75: 4, 37: 8][side])
        let found = difference(fast.sample.image, slow.sample.image)
        #expect(found.mean < 1.5 && found.largest < 10, "\(size) to \(side): \(found)")
        #expect(fast.sample.boxes == slow.sample.boxes)
    }

    @Test(arguments: UInt8(1)...8) func turnedPicturesStayInPlaceToo(orientation: UInt8) throws {
        let bytes = try file(waves(width: 400, height: 304), orientation: orientation)
        for side in [150, 75, 37] {
            let bound = DecodeBound(shortSide: side, maximumLongSide: 2 * side)
            let fast = try resized(bytes, bound, reduced: true)
            let slow = try resized(bytes, bound, reduced: false)
            #expect(fast.reduction > 1)
            let found = difference(fast.sample.image, slow.sample.image)
            #expect(found.mean < 1.5 && found.largest < 10, "orientation \(orientation) to \(side): \(found)")
            #expect(fast.sample.target.originalWidth == (orientation < 5 ? 400 : 304))
        }
        let stored = try resized(
            bytes, DecodeBound(shortSide: 75, maximumLongSide: 150), reduced: true, orientation: .asStored)
        #expect(stored.reduction == 4 && stored.sample.originalWidth == 400)
    }

    @Test func picturesAreReducedOnlyWhereEveryPixelAskedForIsThere() {
        func scale(_ width: Int, _ height: Int, _ side: Int, long: Int = 9999, turned: Bool = false) -> Int32
        {
            DecodeBound(shortSide: side, maximumLongSide: long)
                .scale(width: width, height: height, turned: turned).rawValue
        }
        #expect(scale(640, 480, 240) == 2 && scale(640, 480, 241) == 1)
        #expect(scale(640, 480, 120) == 4 && scale(640, 480, 121) == 2)
        #expect(scale(640, 480, 60) == 8 && scale(640, 480, 1) == 8)
        #expect(scale(640, 480, 480) == 1 && scale(640, 480, 800) == 1)
        // The long side reaches its limit first.
        #expect(scale(640, 480, 400, long: 320) == 2)
        // 397 = 2 x 198 + 1: mirrored, the half pixel would lie at the left.
        #expect(scale(397, 304, 100) == 2 && scale(397, 304, 100, turned: true) == 1)
        #expect(scale(396, 304, 70) == 4 && scale(396, 304, 36, turned: true) == 4)
    }

    @Test func theCacheHoldsReducedPictures() throws {
        let annotations = try BuiltInBCCD.annotations("val")
        func dataset(_ bound: DecodeBound?) throws -> COCODataset {
            try COCODataset(
                annotations, imageFolder: "\(BuiltInBCCD.folder)/images/val",
                options: .init(
                    use: .training, classNames: nil, subset: .first(2), policy: .refuse, orientation: .apply,
                    decodeBound: bound))
        }
        let bound = DecodeBound(shortSide: 240, maximumLongSide: 480)
        let sample = try CachedDataset(dataset(bound), byteLimit: 240 * 320 * 3).sample(at: 0)
        let full = try dataset(nil).sample(at: 0)
        #expect(sample.image.width == 320 && sample.image.height == 240 && full.image.width == 640)
        #expect(sample.boxes == full.boxes && sample.originalWidth == 640)
    }
}
