import DetectionData
import Foundation
import TestSupport
import Testing

@Suite struct ImageSubsetTests {
    private struct Fold: Decodable {
        let total: Int
        let percent: Double
        let seed: UInt32
        let drawn: [Int]
    }

    @Test func foldsAreThoseOfNumpy() throws {
        let folds = try JSONDecoder().decode([Fold].self, from: Golden.data("data/folds.json"))
        #expect(folds.count == 4)
        for fold in folds {
            #expect(LabelFold.positions(of: fold.total, percent: fold.percent, seed: fold.seed) == fold.drawn)
        }
    }

    /// Sums of all drawn positions of COCO train2017, from the reference generator.
    @Test(
        arguments: [
            (1, 1.0, 1182, 68_109_903), (1, 5, 5914, 344_496_080), (1, 10, 11828, 692_108_723),
            (1, 20, 23657, 1_390_383_030), (2, 1, 1182, 69_180_134), (5, 1, 1182, 69_189_785),
        ] as [(UInt32, Double, Int, Int)])
    func cocoFoldsHaveTheirPublishedImages(seed: UInt32, percent: Double, count: Int, sum: Int) {
        let positions = LabelFold.positions(of: 118_287, percent: percent, seed: seed)
        #expect(positions.count == count)
        #expect(positions.reduce(0, +) == sum)
    }

    @Test func firstImagesAreTheFilesFirst() throws {
        let all = try BuiltInBCCD.dataset("train")
        let part = try BuiltInBCCD.dataset("train", subset: .first(29))
        #expect(part.count == 29)
        #expect((0..<29).allSatisfy { part.imageID(at: $0) == all.imageID(at: $0) })
    }

    @Test func annotationsOfTheFirstImagesStay() {
        let images = [7, 3, 9].map {
            COCOAnnotations.ImageRecord(id: $0, fileName: "\($0).jpg", width: 8, height: 8)
        }
        let annotations = [(1, 9), (2, 3), (3, 7), (4, 3)].map { id, image in
            COCOAnnotations.Annotation(id: id, imageID: image, categoryID: 1, bbox: (0, 0, 4, 4), area: 16)
        }
        let all = COCOAnnotations(
            images: images, categories: [COCOAnnotations.Category(id: 1, name: "cell")], annotations: annotations)
        let part = all.first(2)
        #expect(part.images.map(\.id) == [7, 3])
        #expect(part.annotations.map(\.id) == [2, 3, 4])
        #expect(part.categories.map(\.name) == ["cell"])
        #expect(all.first(5).annotations.count == 4)
    }

    @Test func idsAndFoldsKeepFileOrder() throws {
        let ids = try BuiltInBCCD.dataset("train", subset: .ids([40, 7, 12]))
        #expect((0..<ids.count).map { ids.imageID(at: $0) } == [7, 12, 40])
        let fold = try BuiltInBCCD.dataset("train", subset: .fold(percent: 10, seed: 1))
        let order = (0..<fold.count).map { fold.imageID(at: $0) }
        #expect(order.count == 29 && order == order.sorted())
    }

    @Test(
        arguments: [
            (.first(293), "the first 293 images asked of a file with 292"),
            (.first(0), "the first 0 images asked of a file with 292"),
            (.ids([3, 4711]), "image 4711 of the subset is not in the file"),
            (.fold(percent: 0.1, seed: 1), "0.1 percent of 292 images is not a subset"),
        ] as [(ImageSubset, String)])
    func subsetThatIsNotThereIsRefused(subset: ImageSubset, line: String) {
        let error = #expect(throws: DataError.self) { try BuiltInBCCD.dataset("train", subset: subset) }
        #expect(error?.message.hasSuffix("instances_train.json: \(line)") == true)
    }
}
