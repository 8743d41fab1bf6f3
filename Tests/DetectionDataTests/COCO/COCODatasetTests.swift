import DetectionData
import Foundation
import TestSupport
import Testing

@Suite struct COCODatasetTests {
    private struct ImageSums: Decodable {
        let sum: [Double]
        let labels: [Int32]
    }

    @Test(arguments: ["train", "val"]) func builtInBoxesAreTheReferenceLoaders(split: String) throws {
        let expected = try JSONDecoder().decode([String: ImageSums].self, from: Golden.data("data/bccd.json"))
        let dataset = try BuiltInBCCD.dataset(split)
        #expect(dataset.count == (split == "train" ? 292 : 72))
        #expect(dataset.report.boxCount == (split == "train" ? 3934 : 944))
        #expect(dataset.classNames == ["RBC", "WBC", "Platelets"])
        for index in 0..<dataset.count {
            let image = try #require(expected["\(dataset.imageID(at: index))"])
            let boxes = dataset.boxes(at: index)
            let sum = boxes.reduce(into: [0.0, 0, 0, 0]) { sum, box in
                for (i, value) in [box.x1, box.y1, box.x2, box.y2].enumerated() { sum[i] += Double(value) }
            }
            #expect(sum == image.sum)
            #expect(Array(dataset.labels(at: index)) == image.labels)
            #expect(dataset.size(at: index) == (640, 480))
        }
    }

    @Test func samplesCarryImageBoxesAndIDs() throws {
        let dataset = try BuiltInBCCD.dataset("val")
        let sample = try dataset.sample(at: 3)
        #expect((sample.image.width, sample.image.height) == (640, 480))
        #expect(sample.imageID == dataset.imageID(at: 3))
        #expect(sample.boxes == Array(dataset.boxes(at: 3)) && !sample.boxes.isEmpty)
        #expect(sample.boxIDs == sample.boxes.indices.map { Int32($0) })
        #expect(Set(sample.image.pixels).count > 100)
    }

    private struct Expected: Decodable {
        let boxes: [[Float]]
        let labels: [Int32]
    }

    @Test func edgeCasesAreKeptAndDroppedAsByTheReferenceLoader() throws {
        let folder = try ScratchFolder()
        try folder.touch("a.jpg")
        let annotations = try COCOAnnotations.read(path: Golden.url("data/edge_cases.json").path)
        let dataset = try COCODataset(
            annotations, imageFolder: folder.path,
            options: .init(
                use: .training, classNames: ["dog", "cat"], subset: .all, policy: .dropWithReport,
                orientation: .apply))
        let expected = try JSONDecoder().decode(
            Expected.self, from: Golden.data("data/edge_cases_expected.json"))
        #expect(dataset.boxes(at: 0).map { [$0.x1, $0.y1, $0.x2, $0.y2] } == expected.boxes)
        #expect(Array(dataset.labels(at: 0)) == expected.labels)
        #expect(dataset.categoryIDs == [5, 3])
        let report = dataset.report
        let counts = Dictionary(uniqueKeysWithValues: report.entries.map { ($0.defect, $0.count) })
        #expect(counts == [.emptyBox: 3, .boxOutsideImage: 2])
        #expect(report.excluded == [.crowd: 1, .ignored: 1, .underOnePixel: 1])
    }

    @Test func labelsFollowTheAskedClasses() throws {
        let folder = try ScratchFolder()
        try folder.touch("a.jpg")
        let annotations = try COCOAnnotations.read(path: Golden.url("data/edge_cases.json").path)
        func dataset(_ names: [String]?) throws -> COCODataset {
            try COCODataset(
                annotations, imageFolder: folder.path,
                options: .init(
                    use: .training, classNames: names, subset: .all, policy: .dropWithReport,
                    orientation: .apply))
        }
        #expect(try dataset(nil).classNames == ["dog", "cat", "emu"])
        #expect(try Set(dataset(["cat"]).labels(at: 0)) == [0])
        #expect(try dataset(["cat", "dog"]).categoryIDs == [3, 5])
        #expect(try dataset(["cat"]).report.excluded[.otherClass] == 1)
        let error = #expect(throws: DataError.self) { try dataset(["cat", "owl"]) }
        #expect(error?.message.contains("class 'owl' is not among its 3 categories") == true)
        #expect(error?.hint == "they begin with 'dog', 'cat', 'emu'")
        let twice = #expect(throws: DataError.self) { try dataset(["cat", "cat"]) }
        #expect(twice?.message.contains("'cat' is asked for twice") == true)
    }

    @Test func onlyTrainingLeavesImagesOut() throws {
        let folder = try ScratchFolder()
        try folder.touch("a.jpg", "b.jpg", "c.jpg")
        let annotations = COCOAnnotations(
            images: [
                .init(id: 1, fileName: "a.jpg", width: 100, height: 31),
                .init(id: 2, fileName: "b.jpg", width: 100, height: 32),
                .init(id: 3, fileName: "c.jpg", width: 100, height: 100),
            ],
            categories: [.init(id: 1, name: "x")],
            annotations: [1, 2].map {
                .init(id: $0, imageID: $0, categoryID: 1, bbox: (1, 1, 20, 20), area: 400)
            })
        func dataset(_ use: COCODataset.Use) throws -> COCODataset {
            try COCODataset(
                annotations, imageFolder: folder.path,
                options: .init(use: use, classNames: nil, subset: .all, policy: .refuse, orientation: .apply))
        }
        let training = try dataset(.training)
        #expect((0..<training.count).map { training.imageID(at: $0) } == [2])
        #expect(training.boxes(at: 0).count == 1)
        #expect(training.report.excluded == [.smallImage: 1, .imageWithoutBoxes: 1])
        #expect(try dataset(.evaluation).count == 3)
        let error = #expect(throws: DataError.self) { try dataset(.pretraining) }
        #expect(error?.message == "annotations: 1 x image without proposals: image 3 'c.jpg'")
    }
}
