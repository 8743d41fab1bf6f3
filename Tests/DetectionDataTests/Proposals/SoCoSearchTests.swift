import Foundation
import TestSupport
import Testing

@testable import DetectionData

/// Against `Golden/proposals/soco.json`.
@Suite struct SoCoSearchTests {
    private struct Cases: Decodable {
        struct Case: Decodable {
            let width: Int, height: Int, rgb: [UInt8], labels: [Int32], patterns: [UInt8], boxes: [[Float]]
            var image: Image { Image(width: width, height: height, pixels: rgb) }
        }
        let cases: [Case]
    }

    private let cases: [Cases.Case]

    init() throws {
        cases = try JSONDecoder().decode(Cases.self, from: Golden.data("proposals/soco.json")).cases
    }

    @Test func segmentsAsScikitImage() {
        for example in cases { #expect(SoCoSearch().segment(example.image).labels == example.labels) }
    }

    @Test func patternsAreScikitImages() {
        for example in cases { #expect(LocalPatterns(example.image, channel: 0).codes() == example.patterns) }
    }

    @Test func rectanglesComeInSoCosOrder() {
        for example in cases {
            let boxes = SoCoSearch()(example.image, imageID: 1)
            #expect(boxes.count > 8)
            #expect(boxes.map { [$0.x1, $0.y1, $0.width, $0.height] } == example.boxes)
        }
    }

    /// A flat picture is one region, which is a pixel short at the right and lower side.
    @Test(arguments: [(1, 1), (1, 30), (30, 1), (20, 10)])
    func flatImagesGiveOneRectangle(width: Int, height: Int) {
        let boxes = SoCoSearch()(Image(width: width, height: height, colour: (9, 8, 7)), imageID: 0)
        #expect(boxes == [Box(x: 0, y: 0, width: Float(width - 1), height: Float(height - 1))])
    }

    @Test func imageWithoutPixelsGivesNothing() {
        #expect(SoCoSearch()(Image(width: 0, height: 4), imageID: 0).isEmpty)
    }
}
