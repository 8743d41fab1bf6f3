import Randomness
import Testing

@testable import DetectionData

@Suite struct SoCoViewsTests {
    private let boxes = [
        Box(x1: 5, y1: 5, x2: 60, y2: 50), Box(x1: 70, y1: 20, x2: 119, y2: 79),
        Box(x1: 0, y1: 40, x2: 40, y2: 80),
        Box(x1: 30, y1: 30, x2: 90, y2: 70), Box(x1: 100, y1: 0, x2: 120, y2: 20),
        Box(x1: 10, y1: 60, x2: 110, y2: 78),
    ]

    private func views(_ number: Int, _ boxes: [Box]) -> SoCoViews.Views {
        let sample = Sample(
            image: Image(width: 120, height: 80, pixels: [UInt8](repeating: 90, count: 120 * 80 * 3)),
            boxes: boxes,
            labels: boxes.map { _ in 0 }, boxIDs: boxes.indices.map { Int32($0) }, imageID: 1)
        var random = RandomSource(seed: 3, sample: number, purpose: .test)
        return SoCoViews(side: 64, smallSide: 32, leastArea: 0.5, boxCount: 4).views(
            of: sample, random: &random)
    }

    @Test func viewsHaveTheirSidesAndCutsTheirAreaAndShape() {
        for number in 0..<100 {
            let views = views(number, boxes)
            #expect(views.images.map(\.width) == [64, 64, 32] && views.images.map(\.height) == [64, 64, 32])
            #expect(views.cuts[0] == .init(x: 0, y: 0, width: 120, height: 80))
            for cut in views.cuts.dropFirst() {
                #expect(cut.x >= 0 && cut.y >= 0 && cut.x + cut.width <= 120 && cut.y + cut.height <= 80)
                #expect(Double(cut.width * cut.height) > 0.48 * 9600)
                let aspect = Double(cut.width) / Double(cut.height)
                #expect(aspect > 0.72 && aspect < 1.37)
            }
        }
    }

    @Test func pairsShareTheirBoxes() {
        var (jittered, mirrored) = (0, 0)
        for number in 0..<100 {
            let views = views(number, boxes)
            mirrored += views.mirrored.count { $0 }
            for (j, pair) in views.pairs.enumerated() {
                #expect(pair.first.count == 4 && pair.other.count == 4)
                #expect(Set(pair.first.map(\.id)) == Set(pair.other.map(\.id)))
                let cut = views.cuts[j + 1]
                for item in pair.other {
                    // Back in the image, it is the part of the proposal that the cut shows.
                    let share = views.mirrored[j + 1] ? item.box.flipped(width: 1) : item.box
                    let back = share.scaled(x: Float(cut.width), y: Float(cut.height))
                    let source = boxes[Int(item.id) - 1]
                    let expected = [
                        max(source.x1, Float(cut.x)) - Float(cut.x),
                        max(source.y1, Float(cut.y)) - Float(cut.y),
                        min(source.x2 - 1, Float(cut.x + cut.width - 1)) - Float(cut.x),
                        min(source.y2 - 1, Float(cut.y + cut.height - 1)) - Float(cut.y),
                    ]
                    for (a, b) in zip([back.x1, back.y1, back.x2, back.y2], expected) {
                        #expect(abs(a - b) < 1e-3)
                    }
                }
                for item in pair.first {
                    let share = views.mirrored[0] ? item.box.flipped(width: 1) : item.box
                    let source = boxes[Int(item.id) - 1]
                    let width = share.width * 120 + 1
                    if abs(width - source.width) > 0.01 { jittered += 1 }
                    #expect(width < 1.1 * source.width + 0.01 && share.x1 >= 0 && share.x2 < 1)
                }
            }
        }
        #expect(jittered > 200 && jittered < 600 && mirrored > 100 && mirrored < 200)
    }

    @Test func withoutASharedBoxTheWholeIsOne() {
        let views = views(0, [])
        for pair in views.pairs {
            #expect(pair.first.allSatisfy { $0.id == 1 } && pair.other.allSatisfy { $0.id == 1 })
            #expect(abs(pair.first[0].box.area - Float(119 * 79) / 9600) < 1e-4)
        }
    }

    @Test func equalDrawsGiveEqualViews() {
        let (a, b) = (views(7, boxes), views(7, boxes))
        #expect(a.images == b.images && a.pairs.map(\.first) == b.pairs.map(\.first))
        #expect(a.images != views(8, boxes).images)
    }
}
