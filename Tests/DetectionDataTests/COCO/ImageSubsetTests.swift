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

    struct COCOFolds: Sendable {
        let seed: UInt32
        /// The first drawn positions, whatever the percentage.
        let first: [Int]
        /// Of all drawn positions at 1, 5, 10 and 20 percent.
        let sums: [Int]
    }

    /// All folds of COCO train2017; the first positions and eight of the sums are the published generator's, the others
    /// numpy 2's `RandomState(seed).choice(118287, n, replace=False)`, which gives those eight as well.
    static let cocoFolds = [
        COCOFolds(
            seed: 1, first: [105285, 107335, 49358, 65744, 101669],
            sums: [68_109_903, 344_496_080, 692_108_723, 1_390_383_030]),
        COCOFolds(
            seed: 2, first: [50732, 104846, 84723, 53526, 109616],
            sums: [69_180_134, 346_612_438, 695_376_208, 1_392_524_344]),
        COCOFolds(
            seed: 3, first: [52896, 111834, 21472, 4886, 86848],
            sums: [69_528_381, 349_124_392, 698_404_979, 1_394_331_226]),
        COCOFolds(
            seed: 4, first: [909, 68942, 105360, 36552, 106943],
            sums: [70_669_149, 349_715_895, 696_089_175, 1_394_037_020]),
        COCOFolds(
            seed: 5, first: [109242, 42571, 69389, 35409, 114293],
            sums: [69_189_785, 348_246_617, 699_531_505, 1_395_047_023]),
    ]

    @Test(arguments: cocoFolds) func cocoFoldsHaveTheirPublishedImages(folds: COCOFolds) {
        for (i, (percent, count)) in [(1.0, 1182), (5, 5914), (10, 11828), (20, 23657)].enumerated() {
            let positions = LabelFold.positions(of: 118_287, percent: percent, seed: folds.seed)
            #expect(positions.count == count && Array(positions.prefix(5)) == folds.first)
            #expect(positions.reduce(0, +) == folds.sums[i], "seed \(folds.seed), \(percent) percent")
        }
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
            images: images, categories: [COCOAnnotations.Category(id: 1, name: "cell")],
            annotations: annotations)
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
