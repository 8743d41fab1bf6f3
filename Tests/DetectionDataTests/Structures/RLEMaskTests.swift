import DetectionData
import Foundation
import TestSupport
import Testing

@Suite struct RLEMaskTests {
    private struct Case: Decodable {
        let width: Int
        let height: Int
        let polygons: [[Double]]
        let parts: [String]
        let text: String
        let counts: [UInt32]
        let area: Int
        let bbox: [Float]
    }

    private let cases: [Case]

    init() throws { cases = try JSONDecoder().decode([Case].self, from: Golden.data("masks/polygons.json")) }

    @Test func polygonsHaveThePixelsOfTheReference() {
        for (i, item) in cases.enumerated() {
            for (polygon, text) in zip(item.polygons, item.parts) {
                #expect(
                    RLEMask(width: item.width, height: item.height, polygon: polygon).text == text,
                    "case \(i)")
            }
            let mask = RLEMask(width: item.width, height: item.height, polygons: item.polygons)
            #expect(mask.counts == item.counts && mask.text == item.text, "case \(i)")
            #expect(mask.area == item.area, "case \(i)")
        }
    }

    @Test func boundingBoxesAreTheReferences() {
        for (i, item) in cases.enumerated() {
            let box = RLEMask(width: item.width, height: item.height, polygons: item.polygons).boundingBox
            #expect([box.x1, box.y1, box.width, box.height] == item.bbox, "case \(i)")
        }
    }

    @Test func textAndPixelsComeBackTheSame() throws {
        for (i, item) in cases.enumerated() {
            let mask = try RLEMask(width: item.width, height: item.height, text: item.text)
            #expect(mask.counts == item.counts, "case \(i)")
            #expect(
                RLEMask(width: item.width, height: item.height, pixels: mask.pixels) == mask, "case \(i)")
        }
    }

    @Test(arguments: ["04", "0", "\u{7f}", "P", "005"])
    func damagedTextIsRefused(text: String) {
        #expect(throws: DataError.self) { try RLEMask(width: 2, height: 3, text: text) }
    }

    @Test func anEmptyMaskIsOneRun() throws {
        let empty = RLEMask(width: 3, height: 2, pixels: [UInt8](repeating: 0, count: 6))
        #expect(empty.counts == [6] && empty.area == 0 && empty.text == "6")
        #expect(empty.boundingBox == Box(x1: 0, y1: 0, x2: 0, y2: 0))
        #expect(RLEMask(width: 3, height: 2, polygon: [-9, -9, -8, -9, -8, -8]) == empty)
    }

    /// Edges may begin and end a million pixels away; walked step by step, these would take minutes.
    @Test func whatLiesFarOutsideCostsNothing() {
        let corners = (0..<20_000).flatMap { [Double($0 % 7), $0 % 2 == 0 ? -9e5 : 9e5] }
        let start = ContinuousClock.now
        let mask = RLEMask(width: 20, height: 20, polygon: corners)
        #expect(ContinuousClock.now - start < .seconds(20))
        #expect(mask.boundingBox.x2 <= 7)
    }
}
