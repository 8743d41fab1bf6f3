import Randomness
import Testing

@testable import DetectionData

@Suite struct RandomCropTests {
    /// Red counts columns, green rows.
    private static let image = {
        var image = Image(width: 60, height: 40)
        for row in 0..<40 {
            for column in 0..<60 {
                image.pixels[(row * 60 + column) * 3] = UInt8(column)
                image.pixels[(row * 60 + column) * 3 + 1] = UInt8(row)
            }
        }
        return image
    }()

    private func sample(_ boxes: [Box]) -> Sample {
        Sample(
            image: Self.image, boxes: boxes, labels: boxes.indices.map { Int32($0) },
            boxIDs: boxes.indices.map { Int32(10 + $0) }, imageID: 1)
    }

    private func apply(_ transform: some Transform, _ sample: Sample, seed: UInt64) -> Sample {
        var result = sample
        var random = RandomSource(seed: seed, purpose: .test)
        transform.apply(to: &result, random: &random)
        return result
    }

    @Test func windowsBoxesAndPicturesMoveTogether() throws {
        let whole = sample([Box(x1: 5, y1: 5, x2: 55, y2: 35), Box(x1: 0, y1: 0, x2: 6, y2: 6)])
        var corners = Set<[Int]>()
        for seed in 0..<200 {
            let cut = apply(RandomCrop(sides: 20...20, keepsABox: true), whole, seed: UInt64(seed))
            #expect(cut.image.width == 20 && cut.image.height == 20)
            #expect(cut.validWidth == 20 && cut.validHeight == 20)
            let (x, y) = (Int(cut.image.pixels[0]), Int(cut.image.pixels[1]))
            let last = cut.image.pixels.count - 3
            #expect(Int(cut.image.pixels[last]) == x + 19 && Int(cut.image.pixels[last + 1]) == y + 19)
            let crop = try #require(cut.pictureCrop)
            #expect(crop == PictureCrop(x: Double(x), y: Double(y), width: 60, height: 40))
            #expect(cut.target.crop == crop)
            corners.insert([x, y])
            #expect(!cut.boxes.isEmpty)
            for (box, id) in zip(cut.boxes, cut.boxIDs) {
                let source = whole.boxes[Int(id) - 10]
                let moved = Box(
                    x1: source.x1 - Float(x), y1: source.y1 - Float(y), x2: source.x2 - Float(x),
                    y2: source.y2 - Float(y))
                #expect(box == moved.clipped(width: 20, height: 20) && box.width > 0 && box.height > 0)
            }
            #expect(cut.labels == cut.boxIDs.map { $0 - 10 })
        }
        // Every place can be drawn, the last ones too.
        #expect(corners.count > 150 && corners.contains { $0[0] > 35 } && corners.contains { $0[1] > 17 })
    }

    @Test func aWindowHoldsABoxIfItMust() {
        let corner = sample([Box(x1: 58, y1: 38, x2: 60, y2: 40)])
        for seed in 0..<100 {
            let kept = apply(RandomCrop(sides: 10...10, keepsABox: true), corner, seed: UInt64(seed))
            #expect(kept.boxes.count == 1)
        }
        let free = (0..<100).map {
            apply(RandomCrop(sides: 10...10, keepsABox: false), corner, seed: $0).boxes.count
        }
        #expect(free.contains(0))
        #expect(apply(RandomCrop(sides: 10...10, keepsABox: true), sample([]), seed: 3).image.width == 10)
    }

    /// A triangle's box shrinks with what a window shows of the triangle, not of its box; another's outline is out of sight
    /// while its box is not.
    @Test func boxesFitWhatIsSeenOfOutlines() throws {
        var whole = sample([Box(x1: 0, y1: 0, x2: 40, y2: 40), Box(x1: 0, y1: 0, x2: 60, y2: 40)])
        for i in whole.boxIDs.indices { whole.boxIDs[i] = Int32(i) }
        whole.masks = [.polygons([[0, 0, 40, 0, 0, 40]]), .polygons([[58, 0, 60, 0, 60, 40]])]
        var shrunk = 0
        for seed in 0..<60 {
            let plain = apply(RandomCrop(sides: 20...20, keepsABox: true), whole, seed: UInt64(seed))
            let fitted = apply(
                RandomCrop(sides: 20...20, keepsABox: true, fitsOutlines: true), whole, seed: UInt64(seed))
            let crop = try #require(fitted.pictureCrop)
            #expect(crop == plain.pictureCrop && fitted.image == plain.image)
            // Inside the triangle x + y < 40, so its edge is at 40 minus the window's top or left.
            let edge = Float(40 - crop.x - crop.y)
            guard let place = fitted.boxIDs.firstIndex(of: 0) else {
                #expect(edge <= 1)
                continue
            }
            #expect(fitted.labels[place] == 0)
            let box = fitted.boxes[place]
            #expect(box.x1 == 0 && box.y1 == 0)
            #expect(abs(box.x2 - min(edge, 20)) <= 1 && abs(box.y2 - min(edge, 20)) <= 1)
            if box != plain.boxes[0] { shrunk += 1 }
            #expect(fitted.boxIDs.contains(1) == (crop.x + 20 > 58))
        }
        #expect(shrunk > 5)
        // Without outlines boxes are cut alone.
        let boxes = sample([Box(x1: 5, y1: 5, x2: 55, y2: 35)])
        #expect(
            apply(RandomCrop(sides: 20...20, keepsABox: true, fitsOutlines: true), boxes, seed: 1).boxes
                == apply(RandomCrop(sides: 20...20, keepsABox: true), boxes, seed: 1).boxes)
    }

    @Test func windowsAreNoLargerThanTheImage() {
        let cut = apply(RandomCrop(sides: 50...50, keepsABox: false), sample([]), seed: 1)
        #expect(cut.image.width == 50 && cut.image.height == 40)
        let sizes = (0..<200).map {
            apply(RandomCrop(sides: 30...50, keepsABox: false), sample([]), seed: $0).image
        }
        #expect(Set(sizes.map(\.width)) == Set(30...50) && Set(sizes.map(\.height)) == Set(30...40))
    }

    @Test func aCutThatIsEnlargedKnowsItsPlace() throws {
        let last = ResizeChoice(shortSides: [80], maximumLongSide: 400)
        let cut = CutAndEnlarge(
            probability: 1, shortSides: [20], maximumLongSide: 400, sides: 10...10, last: last)
        let result = apply(cut, sample([Box(x1: 0, y1: 0, x2: 60, y2: 40)]), seed: 5)
        // 60x40 becomes 30x20, of which 10x10 becomes 80x80.
        #expect(result.image.width == 80 && result.image.height == 80 && result.scaleX == 4)
        let crop = try #require(result.pictureCrop)
        #expect(crop.width == 240 && crop.height == 160)
        #expect(result.boxes == [Box(x1: 0, y1: 0, x2: 80, y2: 80)])
        // The column that the middle shows, in the file's pixels.
        let middle = (Double(crop.x) + 40) / 4
        #expect(abs(middle - Double(result.image.pixels[(40 * 80 + 40) * 3])) < 1.5)
        let never = CutAndEnlarge(
            probability: 0, shortSides: [20], maximumLongSide: 400, sides: 10...10, last: last)
        #expect(apply(never, sample([]), seed: 5).pictureCrop == nil)
    }

    /// The long side is a whole number of pixels below 448 times 1.2 and from 448 times 0.8 on.
    @Test func longSidesLieAroundTheSquare() {
        let sizes = (0..<400).map {
            apply(ResizeToSquare(side: 448, ratios: 0.8...1.2), sample([]), seed: $0).image
        }
        let long = sizes.map(\.width)
        #expect(long.allSatisfy { (358...537).contains($0) } && Set(long).count > 100)
        #expect(long.contains { $0 < 370 } && long.contains { $0 > 525 })
        #expect(sizes.allSatisfy { abs(Double($0.height) - Double($0.width) * 2 / 3) <= 0.5 + 1e-9 })
    }
}
