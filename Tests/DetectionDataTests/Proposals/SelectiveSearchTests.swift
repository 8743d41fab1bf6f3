import Foundation
import TestSupport
import Testing

@testable import DetectionData

@Suite struct SelectiveSearchTests {
    /// A flat picture with flat rectangles on it.
    private func picture(
        width: Int, height: Int, _ patches: [(x: Range<Int>, y: Range<Int>, colour: [UInt8])]
    ) -> Image {
        var image = Image(width: width, height: height, colour: (30, 60, 200))
        for patch in patches {
            for y in patch.y {
                for x in patch.x {
                    let pixel = (y * width + x) * 3
                    image.pixels.replaceSubrange(pixel..<pixel + 3, with: patch.colour)
                }
            }
        }
        return image
    }

    private var squares: Image {
        picture(
            width: 128, height: 96,
            [(16..<56, 24..<72, [220, 40, 30]), (72..<112, 24..<72, [40, 200, 40])])
    }

    private func measures(_ names: [String]) -> RegionSimilarity {
        let all: [String: RegionSimilarity] = [
            "colour": .colour, "texture": .texture, "size": .size, "fill": .fill,
        ]
        return names.reduce(into: []) { $0.formUnion(all[$1] ?? []) }
    }

    @Test func histogramsAreOpenCVsGradientsAndColoursCounted() throws {
        let picture = try ProposalCases.load().picture
        let histograms = RegionHistograms(
            PixelBins(ColourSpace.rgb.planes(of: picture.image)), picture.map,
            sizes: RegionGraph(picture.map).sizes)
        let length = RegionHistograms.Vector.scalarCount
        for region in 0..<picture.map.regionCount {
            let row = histograms.vectors[region * histograms.rowCount..<(region + 1) * histograms.rowCount]
            let values = row.flatMap { vector in (0..<length).map { vector[$0] } }
            let expected =
                picture.texture[region * 240..<(region + 1) * 240]
                + picture.colour[region * 75..<(region + 1) * 75]
            for (ours, value) in zip(values, expected) { #expect(abs(ours - value) < 1e-6) }
            #expect(values.dropFirst(315).allSatisfy { $0 == 0 })
        }
    }

    @Test func groupingMergesAsThePlainAlgorithm() throws {
        let picture = try ProposalCases.load().picture
        let graph = RegionGraph(picture.map)
        let histograms = RegionHistograms(
            PixelBins(ColourSpace.rgb.planes(of: picture.image)), picture.map, sizes: graph.sizes)
        for grouping in picture.groupings {
            let rectangles = HierarchicalGrouping.rectangles(
                graph, histograms, by: measures(grouping.measures))
            #expect(rectangles.map { [$0.box.x1, $0.box.y1, $0.box.x2, $0.box.y2] } == grouping.boxes)
        }
    }

    @Test func flatSquaresGiveTheirBoxesAndTheWhole() {
        let search = SelectiveSearch(
            colourSpaces: ColourSpace.allCases, similarities: [[.size, .fill], [.texture]],
            segmentation: GraphSegmentation(sigma: 0, scales: [150, 300]), seed: 1)
        let expected: Set<Box> = [
            Box(x: 0, y: 0, width: 128, height: 96), Box(x: 16, y: 24, width: 40, height: 48),
            Box(x: 72, y: 24, width: 40, height: 48),
        ]
        let boxes = search(squares, imageID: 3)
        #expect(Set(boxes) == expected)
        #expect(boxes.count == 3)
    }

    @Test(arguments: SelectiveSearch.Mode.allCases)
    func smoothedSquaresAreStillFound(_ mode: SelectiveSearch.Mode) {
        let boxes = SelectiveSearch(mode: mode, seed: 1)(squares, imageID: 3)
        #expect(boxes.contains(Box(x: 0, y: 0, width: 128, height: 96)))
        #expect(boxes.contains(Box(x: 16, y: 24, width: 40, height: 48)))
        #expect(boxes.contains(Box(x: 72, y: 24, width: 40, height: 48)))
    }

    @Test func flatHalvesGiveThemselvesAndTheWhole() {
        let image = picture(width: 128, height: 64, [(64..<128, 0..<64, [220, 40, 30])])
        let boxes = SelectiveSearch(mode: .fast, seed: 1)(image, imageID: 0)
        let expected: Set<Box> = [
            Box(x: 0, y: 0, width: 128, height: 64), Box(x: 0, y: 0, width: 64, height: 64),
            Box(x: 64, y: 0, width: 64, height: 64),
        ]
        #expect(Set(boxes) == expected)
        #expect(boxes.count == 3)
    }

    @Test func repeatedRunsAgreeAndSeedsOnlyReorder() throws {
        let image = try ProposalCases.load().picture.image
        func boxes(seed: UInt64, imageID: Int) -> [Box] {
            let segmentation = GraphSegmentation(scales: [20, 50], minimumSize: 4)
            let search = SelectiveSearch(
                colourSpaces: [.hsv, .lab], similarities: [[.colour, .size]], segmentation: segmentation,
                seed: seed)
            return search(image, imageID: imageID)
        }
        let first = boxes(seed: 1, imageID: 5)
        #expect(first.count > 10)
        #expect(Set(first).count == first.count)
        #expect(boxes(seed: 1, imageID: 5) == first)
        for other in [boxes(seed: 2, imageID: 5), boxes(seed: 1, imageID: 6)] {
            #expect(other != first)
            #expect(Set(other) == Set(first))
        }
    }

    @Test(arguments: [(1, 1), (1, 300), (300, 1), (2, 2)])
    func thinImagesGiveTheWhole(_ width: Int, _ height: Int) {
        let boxes = SelectiveSearch(mode: .quality, seed: 1)(Image(width: width, height: height), imageID: 0)
        #expect(boxes == [Box(x: 0, y: 0, width: Float(width), height: Float(height))])
    }

    @Test func imageWithoutPixelsGivesNothing() {
        #expect(SelectiveSearch(mode: .fast, seed: 1)(Image(width: 0, height: 4), imageID: 0).isEmpty)
    }

    /// `Golden/proposals/recall.json`.
    private struct Recall: Decodable {
        struct Photograph: Decodable { let file: String, id: Int, boxes: [[Float]] }
        let images: [Photograph], proposalsPerImage: Int, recallAt50: Double, recallAt70: Double
    }

    @Test func recallOnPhotographsIsNoLowerThanOpenCVs() throws {
        let recall = try JSONDecoder().decode(Recall.self, from: Golden.data("proposals/recall.json"))
        let folder = URL(fileURLWithPath: #filePath).appendingPathComponent(
            "../../../../Sources/AlignDetCLI/BuiltIn/bccd/images/val"
        ).standardized
        let search = SelectiveSearch(mode: .fast, seed: 1)
        var best: [Float] = []
        for photograph in recall.images {
            let image = try ImageFile.load(path: folder.appendingPathComponent(photograph.file).path).image
            let proposals = search(image, imageID: photograph.id).prefix(recall.proposalsPerImage)
            for box in photograph.boxes {
                let truth = Box(x: box[0], y: box[1], width: box[2], height: box[3])
                best.append(proposals.map(truth.intersectionOverUnion).max() ?? 0)
            }
        }
        func share(above threshold: Float) -> Double {
            Double(best.count { $0 >= threshold }) / Double(best.count)
        }
        #expect(best.count == 63)
        #expect(share(above: 0.5) >= recall.recallAt50 - 0.01)
        #expect(share(above: 0.7) >= recall.recallAt70 - 0.01)
    }
}
