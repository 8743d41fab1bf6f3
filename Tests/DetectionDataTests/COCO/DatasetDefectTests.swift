import DetectionData
import Foundation
import Testing

@Suite struct DatasetDefectTests {
    typealias Annotations = COCOAnnotations

    private let folder: ScratchFolder

    init() throws {
        folder = try ScratchFolder()
        try folder.touch("a.jpg", "sub/b.jpg")
    }

    private let images: [Annotations.ImageRecord] = [
        .init(id: 7, fileName: "a.jpg", width: 100, height: 80),
        .init(id: 9, fileName: "sub/b.jpg", width: 80, height: 100),
    ]
    private let good: [Annotations.Annotation] = [
        .init(id: 1, imageID: 7, categoryID: 3, bbox: (10, 10, 20, 30), area: 600),
        .init(id: 2, imageID: 9, categoryID: 3, bbox: (10, 10, 20, 30), area: 600),
    ]

    private func load(
        images: [Annotations.ImageRecord]? = nil,
        categories: [Annotations.Category] = [.init(id: 3, name: "cell")],
        extra: [Annotations.Annotation] = [], policy: DatasetDefect.Policy
    ) throws(DataError) -> COCODataset {
        try COCODataset(
            Annotations(
                images: images ?? self.images, categories: categories, annotations: good + extra,
                source: "train.json"),
            imageFolder: folder.path,
            options: .init(use: .training, classNames: nil, subset: .all, policy: policy, orientation: .apply)
        )
    }

    /// One bad annotation refuses the file with `line`, or is dropped and reported.
    private func expect(_ annotation: Annotations.Annotation, _ defect: DatasetDefect, _ line: String) throws
    {
        let error = #expect(throws: DataError.self) { try load(extra: [annotation], policy: .refuse) }
        #expect(error?.message == "train.json: 1 x \(defect.rawValue): \(line)")
        #expect(error?.kind == .badInput)
        let dropped = try load(extra: [annotation], policy: .dropWithReport)
        #expect(dropped.count == 2 && dropped.report.boxCount == 2)
        #expect(dropped.report.entries.map(\.defect) == [defect])
        #expect(dropped.report.table.contains(line))
    }

    private func annotation(
        id: Int = 5, image: Int = 7, category: Int = 3, _ box: (Double, Double, Double, Double)
    ) -> Annotations.Annotation {
        .init(
            id: id, imageID: image, categoryID: category, bbox: (box.0, box.1, box.2, box.3),
            area: box.2 * box.3)
    }

    @Test func boxWithoutAreaIsNamed() throws {
        try expect(
            annotation((4, 5, 0, 6)), .emptyBox,
            "annotation 5 of image 7 'a.jpg': bbox [4.0, 5.0, 0.0, 6.0], area 0.0")
    }

    @Test func boxThatIsNotFiniteIsNamed() throws {
        try expect(
            .init(id: 5, imageID: 9, categoryID: 3, bbox: (.nan, 5, 2, .infinity), area: 1), .nonFiniteBox,
            "annotation 5 of image 9 'sub/b.jpg': bbox [nan, 5.0, 2.0, inf]")
    }

    @Test func boxOutsideItsImageIsNamed() throws {
        try expect(
            annotation((100, 5, 20, 20)), .boxOutsideImage,
            "annotation 5 of image 7 'a.jpg': bbox [100.0, 5.0, 20.0, 20.0] in 100x80")
    }

    @Test func unknownCategoryIsNamed() throws {
        try expect(
            annotation(category: 44, (1, 1, 5, 5)), .unknownCategoryID,
            "annotation 5 of image 7 'a.jpg': category 44")
    }

    @Test func unknownImageIsNamed() throws {
        try expect(annotation(image: 8, (1, 1, 5, 5)), .unknownImageID, "annotation 5: image 8")
    }

    @Test func annotationIDUsedTwiceIsNamed() throws {
        try expect(
            annotation(id: 2, (1, 1, 5, 5)), .duplicateAnnotationID, "annotation 2 of image 7 'a.jpg'")
    }

    @Test func missingFilesAreAllCountedAndTheFirstNamed() throws {
        let gone = (1...5).map {
            Annotations.ImageRecord(id: $0, fileName: "gone\($0).jpg", width: 64, height: 64)
        }
        let error = #expect(throws: DataError.self) { try load(images: images + gone, policy: .refuse) }
        #expect(
            error?.message == "train.json: 5 x image file missing: image 1 'gone1.jpg', image 2 'gone2.jpg', "
                + "image 3 'gone3.jpg' and 2 more")
        #expect(error?.kind == .missingInput)
        #expect(try load(images: images + gone, policy: .dropWithReport).count == 2)
    }

    @Test func missingFolderIsNamed() throws {
        let error = #expect(throws: DataError.self) {
            try COCODataset(
                Annotations(images: images, categories: [.init(id: 3, name: "cell")], annotations: good),
                imageFolder: "/no/such/folder",
                options: .init(
                    use: .training, classNames: nil, subset: .all, policy: .refuse, orientation: .apply))
        }
        #expect(error?.message == "image folder '/no/such/folder' is not there")
    }

    @Test func imageIDUsedTwiceAndImpossibleSizeAreNamed() throws {
        let more: [Annotations.ImageRecord] = [
            .init(id: 7, fileName: "sub/b.jpg", width: 80, height: 100),
            .init(id: 10, fileName: "a.jpg", width: 0, height: 80),
        ]
        let error = #expect(throws: DataError.self) { try load(images: images + more, policy: .refuse) }
        #expect(
            error?.message == "train.json: 1 x image id used twice: image 7 'sub/b.jpg'; "
                + "1 x declared image size not positive: image 10 'a.jpg' 0x80")
        let dropped = try load(images: images + more, policy: .dropWithReport)
        #expect(dropped.count == 2 && dropped.size(at: 0) == (100, 80))
    }

    @Test func categoryUsedTwiceIsNamed() throws {
        let categories: [Annotations.Category] = [.init(id: 3, name: "cell"), .init(id: 4, name: "cell")]
        let error = #expect(throws: DataError.self) { try load(categories: categories, policy: .refuse) }
        #expect(error?.message == "train.json: 1 x category id or name used twice: category 4 'cell'")
        #expect(try load(categories: categories, policy: .dropWithReport).classNames == ["cell"])
    }

    @Test func nothingLeftIsAnError() throws {
        let alone = [Annotations.ImageRecord(id: 1, fileName: "gone.jpg", width: 64, height: 64)]
        let error = #expect(throws: DataError.self) { try load(images: alone, policy: .dropWithReport) }
        #expect(error?.message == "train.json: none of 1 images can be used")
        #expect(error?.hint?.contains("image 1 'gone.jpg'") == true)
    }

    @Test func reportIsATable() throws {
        let bad = [annotation(id: 5, (4, 5, 0, 6)), annotation(id: 6, category: 44, (1, 1, 5, 5))]
        let crowd = Annotations.Annotation(
            id: 11, imageID: 7, categoryID: 3, bbox: (1, 1, 5, 5), area: 25, isCrowd: true)
        let report = try load(extra: bad + [crowd], policy: .dropWithReport).report
        let lines = [
            "train.json: 2 images, 2 boxes, 2 defects",
            "  box without area                     1  annotation 5 of image 7 'a.jpg': "
                + "bbox [4.0, 5.0, 0.0, 6.0], area 0.0",
            "  category id that is not in the file  1  annotation 6 of image 7 'a.jpg': category 44",
            "  crowd boxes                          1  left out by rule",
        ]
        #expect(report.table == lines.joined(separator: "\n"))
    }

    @Test func sizeThatIsNotTheDeclaredOneIsFoundWhenDecoding() throws {
        let real = try BuiltInBCCD.annotations("val").images[0]
        let annotations = Annotations(
            images: [.init(id: real.id, fileName: real.fileName, width: 480, height: 640)],
            categories: [.init(id: 1, name: "x")], annotations: [], source: "val.json")
        let dataset = try COCODataset(
            annotations, imageFolder: "\(BuiltInBCCD.folder)/images/val",
            options: .init(
                use: .evaluation, classNames: nil, subset: .all, policy: .refuse, orientation: .apply))
        let error = #expect(throws: DataError.self) { try dataset.sample(at: 0) }
        #expect(error?.message.hasPrefix("image \(real.id) '") == true)
        #expect(error?.message.hasSuffix("\(real.fileName)' is 640x480, val.json declares 480x640") == true)
        #expect(error?.hint == "was it turned by its EXIF orientation?")
    }

    @Test func fileThatIsNoImageIsNamedWithItsID() throws {
        let error = #expect(throws: DataError.self) { try load(policy: .refuse).sample(at: 1) }
        #expect(error?.message.hasPrefix("image 9: ") == true)
        #expect(error?.message.contains("sub/b.jpg") == true)
    }
}
