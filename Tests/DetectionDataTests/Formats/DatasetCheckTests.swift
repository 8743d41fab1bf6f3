import DetectionData
import Foundation
import Testing

@Suite struct DatasetCheckTests {
    private let folder: ScratchFolder

    init() throws {
        folder = try ScratchFolder()
        let image = Image(width: 40, height: 30, pixels: [UInt8](repeating: 9, count: 3600))
        try folder.write(Data(try ImageWriter.png(image)), to: "good.png")
        try folder.write(Data("no picture".utf8), to: "broken.png")
    }

    private func report(_ annotations: String, images: String? = nil, masks: Bool = false) throws
        -> DatasetReport
    {
        let images =
            images ?? #"{"id": 1, "file_name": "good.png", "width": 40, "height": 30}"#
        let categories = #"[{"id": 2, "name": "a"}, {"id": 5, "name": "b"}]"#
        try folder.write(
            Data(
                "{\"images\": [\(images)], \"annotations\": [\(annotations)], \"categories\": \(categories)}"
                    .utf8),
            to: "set.json")
        let data = try AnnotatedSource.read(
            "\(folder.path)/set.json", imageFolder: folder.path, acceptsNonFinite: true, withMasks: masks)
        return try DatasetCheck(
            data.annotations, imageFolder: data.imageFolder, readsHeaders: true, needsMasks: masks,
            isProposals: false
        ).report
    }

    private func entry(_ id: Int, image: Int = 1, category: Int = 2, _ box: String, area: String = "9")
        -> String
    {
        "{\"id\": \(id), \"image_id\": \(image), \"category_id\": \(category), \"bbox\": [\(box)], \"area\": \(area), \"iscrowd\": 0}"
    }

    @Test(arguments: [
        (DatasetDefect.emptyBox, 7, "4, 4, 0, 3", "9"), (.nonFiniteBox, 8, "NaN, 4, 2, 3", "9"),
        (.nonFiniteBox, 8, "1, 4, 2, 3", "Infinity"), (.boxOutsideImage, 9, "50, 4, 5, 5", "9"),
    ])
    func boxesAreNamedByIdAndFile(defect: DatasetDefect, id: Int, box: String, area: String) throws {
        let report = try report([entry(1, "1, 1, 3, 3"), entry(id, box, area: area)].joined(separator: ","))
        #expect(report.entries.map(\.defect) == [defect] && report.boxCount == 1)
        #expect(
            report.entries.first?.examples.first?.hasPrefix("annotation \(id) of image 1 'good.png'") == true)
        #expect(report.table.contains("set.json: 1 images, 1 boxes, 1 defects"))
    }

    @Test func idsAreNamed() throws {
        let report = try report(
            [
                entry(1, "1, 1, 3, 3"), entry(1, "1, 1, 3, 3"), entry(3, image: 4, "1, 1, 3, 3"),
                entry(2, category: 9, "1, 1, 3, 3"),
            ].joined(separator: ","))
        #expect(
            report.entries.map(\.defect) == [.duplicateAnnotationID, .unknownImageID, .unknownCategoryID])
        #expect(report.entries.allSatisfy { $0.examples.first?.hasPrefix("annotation ") == true })
    }

    @Test func imagesAreNamed() throws {
        let record = { (id: Int, name: String, width: Int) in
            "{\"id\": \(id), \"file_name\": \"\(name)\", \"width\": \(width), \"height\": 30}"
        }
        let report = try report(
            "",
            images: [
                record(1, "good.png", 41), record(1, "good.png", 40), record(2, "broken.png", 40),
                record(3, "gone.png", 40), record(4, "good.png", 0),
            ].joined(separator: ","))
        let found = Dictionary(
            uniqueKeysWithValues: report.entries.map { ($0.defect, $0.examples.first ?? "") })
        #expect(found[.otherFileSize] == "image 1 'good.png' is 40x30, declared 41x30")
        #expect(
            found[.duplicateImageID] == "image 1 'good.png'"
                && found[.missingImageFile] == "image 3 'gone.png'")
        #expect(found[.badImageSize] == "image 4 'good.png' 0x30")
        #expect(found[.unreadableImage]?.hasPrefix("image 2 'broken.png': ") == true)
        #expect(found.count == 5)
    }

    @Test func gapsCrowdsAndEdgesAreNoDefects() throws {
        let crowd = entry(2, "1, 1, 3, 3").replacingOccurrences(of: "\"iscrowd\": 0", with: "\"iscrowd\": 1")
        let report = try report([entry(1, "35, 1, 9, 3"), crowd].joined(separator: ","))
        #expect(report.defectCount == 0)
        #expect(report.excluded[.categoryGap] == 2 && report.excluded[.classWithoutBoxes] == 1)
        #expect(report.excluded[.boxOverEdge] == 1 && report.excluded[.crowd] == 1)
    }

    @Test func objectsWithoutOutlineAreNamed() throws {
        let report = try report(entry(1, "1, 1, 3, 3"), masks: true)
        #expect(report.entries.map(\.defect) == [.unusableMask])
    }

    @Test func statisticsCount() throws {
        let data = COCOAnnotations(
            images: [
                .init(id: 1, fileName: "a", width: 40, height: 30),
                .init(id: 2, fileName: "b", width: 20, height: 50),
            ], categories: [.init(id: 2, name: "a"), .init(id: 5, name: "b")],
            annotations: [
                .init(id: 1, imageID: 1, categoryID: 2, bbox: (0, 0, 9, 9), area: 81),
                .init(id: 2, imageID: 1, categoryID: 2, bbox: (0, 0, 9, 9), area: 1024),
                .init(id: 3, imageID: 1, categoryID: 5, bbox: (0, 0, 9, 9), area: 9216),
                .init(id: 4, imageID: 1, categoryID: 5, bbox: (0, 0, 9, 9), area: 9216, isCrowd: true),
            ])
        let statistics = DatasetStatistics(data)
        #expect(statistics.boxCount == 3 && statistics.crowdCount == 1 && statistics.imagesWithoutBoxes == 1)
        #expect(statistics.sizes == (1, 1, 1) && statistics.missingIDCount == 2)
        #expect(statistics.classes.map(\.boxes) == [2, 1] && statistics.classes.map(\.images) == [1, 1])
        #expect(statistics.boxesPerImage.most == 3 && statistics.widths == (20, 40, 40))
        #expect(statistics.table.contains("     2  a                    2 boxes in       1 images"))
    }

    /// Whatever numbers a file has for ids.
    @Test(arguments: [(Int.min, Int.max), (0, Int.max), (-3, Int.max - 1)])
    func idsFarApartAreCountedOrNot(low: Int, high: Int) throws {
        let data = COCOAnnotations(
            images: [], categories: [.init(id: high, name: "a"), .init(id: low, name: "b")], annotations: [])
        let gaps = DatasetStatistics(data).missingIDCount
        #expect(gaps == (low == 0 ? Int.max - 1 : 0))
        let check = try DatasetCheck(
            data, imageFolder: nil, readsHeaders: false, needsMasks: false, isProposals: false)
        #expect(check.report.defectCount == 0)
    }
}
