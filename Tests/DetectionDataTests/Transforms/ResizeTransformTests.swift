import DetectionData
import Foundation
import Randomness
import TestSupport
import Testing

@Suite struct ResizeTransformTests {
    private struct Case: Decodable {
        let size: [Int]
        let short: Int
        let long: Int
        let new: [Int]
        let box: [Float]
        let moved: [Float]
    }

    private func sample(_ width: Int, _ height: Int, _ boxes: [Box] = []) -> Sample {
        Sample(
            image: Image(width: width, height: height, colour: (9, 9, 9)), boxes: boxes,
            labels: boxes.map { _ in 0 }, boxIDs: boxes.indices.map { Int32($0) }, imageID: 1)
    }

    private func random(_ index: Int) -> RandomSource { RandomSource(seed: 3, sample: index, purpose: .test) }

    private func box(_ corners: [Float]) -> Box {
        Box(x1: corners[0], y1: corners[1], x2: corners[2], y2: corners[3])
    }

    @Test func sizesAndBoxesAreTheReferences() throws {
        let cases = try JSONDecoder().decode([Case].self, from: Golden.data("data/resize.json"))
        #expect(cases.count == 48)
        for expected in cases {
            var sample = sample(expected.size[0], expected.size[1], [box(expected.box)])
            var random = random(0)
            FixedResize(shortSide: expected.short, maximumLongSide: expected.long)
                .apply(to: &sample, random: &random)
            #expect([sample.image.width, sample.image.height] == expected.new)
            #expect([sample.validWidth, sample.validHeight] == expected.new)
            #expect(sample.boxes == [box(expected.moved)])
            #expect(sample.scaleX == Float(Double(expected.new[0]) / Double(expected.size[0])))
            #expect((sample.originalWidth, sample.originalHeight) == (expected.size[0], expected.size[1]))
        }
    }

    @Test func choiceDrawsEachSideAboutEquallyOften() {
        let sides = [64, 67, 70, 73, 76, 80]
        var counts: [Int: Int] = [:]
        for index in 0..<1200 {
            var sample = sample(8, 6)
            var random = random(index)
            ResizeChoice(shortSides: sides, maximumLongSide: 1333).apply(to: &sample, random: &random)
            counts[sample.image.height, default: 0] += 1
        }
        #expect(counts.keys.sorted() == sides)
        #expect(counts.values.allSatisfy { abs($0 - 200) < 65 })
    }

    @Test func rangeReachesBothEnds() {
        var seen: Set<Int> = []
        for index in 0..<200 {
            var sample = sample(6, 8)
            var random = random(index)
            ResizeRange(shortSide: 20...29, maximumLongSide: 1600).apply(to: &sample, random: &random)
            seen.insert(sample.image.width)
        }
        #expect(seen == Set(20...29))
    }
}
