import Randomness
import Testing

@testable import DetectionData

@Suite struct CopyPasteTests {
    /// One colour, with rectangles as objects.
    private func sample(_ width: Int, _ height: Int, _ colour: UInt8, _ boxes: [Box], id: Int) -> Sample {
        let pixels = [UInt8](repeating: colour, count: width * height * 3)
        var sample = Sample(
            image: Image(width: width, height: height, pixels: pixels), boxes: boxes,
            labels: boxes.indices.map { Int32(10 * id + $0) }, boxIDs: boxes.indices.map { Int32($0) },
            imageID: id)
        sample.masks = boxes.map { .polygons([Self.corners($0)]) }
        return sample
    }

    private static func corners(_ box: Box) -> [Double] {
        [box.x1, box.y1, box.x2, box.y1, box.x2, box.y2, box.x1, box.y2].map { Double($0) }
    }

    @Test func pastedObjectsCoverPixelsBoxesAndOutlines() {
        let source = sample(60, 50, 200, [Box(x1: 0, y1: 0, x2: 30, y2: 25)], id: 1)
        var (pasted, untouched) = (0, 0)
        for number in 0..<20 {
            var target = sample(
                40, 70, 50,
                [
                    Box(x1: 10, y1: 5, x2: 39, y2: 65),  // loses its upper part, 1340 pixels stay
                    Box(x1: 2, y1: 2, x2: 22, y2: 20),  // all of it is covered
                    Box(x1: 1, y1: 10, x2: 9, y2: 31),  // its top moves by 15, few pixels stay
                    Box(x1: 5, y1: 40, x2: 9, y2: 44),  // far away
                ], id: 2)
            let before = target
            var random = RandomSource(seed: 1, sample: number, purpose: .test)
            CopyPaste().paste(source, into: &target, random: &random)
            #expect(target.image.width == 60 && target.image.height == 70 && target.imageID == 2)
            guard target.labels.contains(10) else {
                untouched += 1
                #expect(target.boxes == before.boxes && target.labels == before.labels)
                continue
            }
            pasted += 1
            #expect(target.labels == [20, 23, 10] && target.boxIDs == [0, 1, 2])
            #expect(target.boxes[0] == Box(x1: 10, y1: 5, x2: 39, y2: 65))
            #expect(target.boxes[1] == before.boxes[3] && target.boxes[2] == source.boxes[0])
            #expect(target.image.pixels[0] == 200 && target.image.pixels[(30 * 60 + 2) * 3] == 50)
            let masks = target.masks.map { $0.mask(width: 60, height: 70) }
            #expect(masks[0].area == 29 * 60 - 20 * 20 && masks[2].area == 30 * 25)
            #expect(RLEMask.intersection([masks[0], masks[2]]).area == 0)
        }
        #expect(pasted > 3 && untouched > 3)
    }

    /// Outlines end where resizes, cuts and mirrors have put their boxes.
    @Test(arguments: [false, true]) func outlinesFollowTheirPicture(flips: Bool) throws {
        let box = Box(x1: 4, y1: 3, x2: 14, y2: 9)
        var target = sample(20, 15, 50, [box, box], id: 1)
        target.masks[1] = .runs(target.masks[1].mask(width: 20, height: 15))
        var random = RandomSource(seed: 1, purpose: .test)
        target.resize(shortSide: 30, maximumLongSide: 40)
        target.crop(x: 10, y: 4, width: 25, height: 20)
        RandomFlip(probability: flips ? 1 : 0).apply(to: &target, random: &random)
        CopyPaste().paste(sample(30, 10, 200, [], id: 2), into: &target, random: &random)
        #expect(target.validWidth == 30 && target.validHeight == 20 && !target.flipped)
        for (box, mask) in zip(target.boxes, target.masks) {
            #expect(mask.mask(width: 30, height: 20).boundingBox == box)
            #expect(mask.mask(width: 30, height: 20).area == Int(box.area))
        }
        #expect(target.target.crop == nil && target.originalWidth == 30 && target.scaleX == 1)
    }
}
