import DetectionData
import Randomness
import Testing

@Suite struct FlipTests {
    private func random(_ index: Int = 0) -> RandomSource {
        RandomSource(seed: 5, sample: index, purpose: .test)
    }

    /// Black with one white rectangle, and the box around it.
    private func painted(_ width: Int, _ height: Int, _ x: Range<Int>, _ y: Range<Int>) -> Sample {
        var image = Image(width: width, height: height)
        for row in y {
            for column in x { for c in 0..<3 { image.pixels[(row * width + column) * 3 + c] = 255 } }
        }
        let box = Box(
            x1: Float(x.lowerBound), y1: Float(y.lowerBound), x2: Float(x.upperBound), y2: Float(y.upperBound)
        )
        return Sample(image: image, boxes: [box], labels: [0], boxIDs: [0], imageID: 1)
    }

    /// Columns of the middle row that are white.
    private func paintedColumns(_ image: Image) -> Range<Int> {
        let row = image.height / 3
        let white = (0..<image.width).filter { image.pixels[(row * image.width + $0) * 3] > 127 }
        return white.first.map { $0..<(white.last ?? $0) + 1 } ?? 0..<0
    }

    @Test func boxMovesWithThePicture() {
        var sample = painted(50, 30, 5..<20, 2..<25)
        var random = random()
        RandomFlip(probability: 1).apply(to: &sample, random: &random)
        #expect(paintedColumns(sample.image) == 30..<45)
        #expect(sample.boxes == [Box(x1: 30, y1: 2, x2: 45, y2: 25)])
        #expect(sample.flipped)
        RandomFlip(probability: 1).apply(to: &sample, random: &random)
        #expect(paintedColumns(sample.image) == 5..<20)
        #expect(!sample.flipped)
    }

    @Test func probabilityIsKept() {
        var count = 0
        for index in 0..<1000 {
            var sample = painted(4, 4, 0..<2, 0..<2)
            var random = random(index)
            RandomFlip(probability: 0.5).apply(to: &sample, random: &random)
            if sample.flipped { count += 1 }
            RandomFlip(probability: 0).apply(to: &sample, random: &random)
        }
        #expect(abs(count - 500) < 80)
    }

    /// The published order, padding before the flip, leaves boxes of a 640x480 picture this far left of the picture.
    @Test(arguments: [(640, 11), (672, 0), (704, 21), (736, 11), (768, 0), (800, 21)])
    func flippingAfterPaddingDisplacesBoxes(shortSide: Int, displacement: Int) {
        let source = painted(640, 480, 100..<300, 100..<400)
        func result(_ steps: [any Transform]) -> (box: Box, columns: Range<Int>) {
            var sample = source
            var random = random()
            Pipeline([FixedResize(shortSide: shortSide, maximumLongSide: 1333)] + steps)
                .apply(to: &sample, random: &random)
            return (sample.boxes[0], paintedColumns(sample.image))
        }
        let upright = result([PadToMultiple(32)])
        let published = result([PadToMultiple(32), FlipAfterPad(probability: 1)])
        let corrected = result([RandomFlip(probability: 1), PadToMultiple(32)])
        // How far the painted edge lies from the box's, right edge before and left edge after.
        let before = Float(upright.columns.upperBound) - upright.box.x2
        #expect(abs(before) <= 1)
        #expect(
            abs(Float(published.columns.lowerBound) - published.box.x1 + before - Float(displacement)) < 0.001
        )
        #expect(abs(Float(corrected.columns.lowerBound) - corrected.box.x1 + before) < 0.001)
        #expect(published.box == corrected.box)
    }
}
