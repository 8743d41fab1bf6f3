import Foundation
import Testing

@testable import DetectionData

@Suite struct ProposalCheckTests {
    private let folder: ScratchFolder
    private let images = [
        COCOAnnotations.ImageRecord(id: 5, fileName: "a.jpg", width: 100, height: 80),
        COCOAnnotations.ImageRecord(id: 2, fileName: "b.jpg", width: 60, height: 90),
    ]

    init() throws { folder = try ScratchFolder() }

    private static let imageA = #"{"id": 5, "file_name": "a.jpg", "width": 100, "height": 80}"#
    private static let imageB = #"{"id": 2, "file_name": "b.jpg", "width": 60, "height": 90}"#

    private static func box(
        _ id: Int, image: Int, _ box: String, area: String, category: Int = 1, more: String = ""
    ) -> String {
        """
        {"id": \(id), "image_id": \(image), "category_id": \(category), "bbox": \(box), "area": \(area)\(more)}
        """
    }

    private static let first = box(1, image: 5, "[0, 0, 30, 20]", area: "600")
    private static let second = box(2, image: 2, "[10, 5, 40, 60]", area: "2400")

    private func report(
        images listed: String = "\(imageA), \(imageB)", boxes: String, filter: ProposalFilter? = nil
    ) throws -> DatasetReport {
        let text = """
            {"images": [\(listed)], "categories": [{"id": 1, "name": "selective_search"}], "annotations": [\(boxes)]}
            """
        try folder.write(Data(text.utf8), to: "p.json")
        return try ProposalCheck.report(of: folder.path + "/p.json", against: images, filter: filter)
    }

    @Test func aSoundFileHasNoDefects() throws {
        let report = try report(boxes: "\(Self.first), \(Self.second)", filter: .alignDet)
        #expect(report.entries.isEmpty && report.imageCount == 2 && report.boxCount == 2)
    }

    /// One defect in each file; the note names where.
    static let cases: [(defect: DatasetDefect, images: String, boxes: String, words: String)] = {
        let both = "\(imageA), \(imageB)"
        let sound = "\(first), \(second), "
        return [
            (.missingImage, imageA, first, "image 2"),
            (
                .unknownImage, both + #", {"id": 9, "file_name": "c.jpg", "width": 4, "height": 4}"#,
                "\(first), \(second)", "image 9"
            ),
            (.duplicateImageID, "\(both), \(imageB)", "\(first), \(second)", "image 2"),
            (
                .otherImageName, both.replacingOccurrences(of: "b.jpg", with: "x.jpg"), "\(first), \(second)",
                "x.jpg"
            ),
            (
                .otherImageSize, both.replacingOccurrences(of: "90", with: "91"), "\(first), \(second)",
                "60x91, not 60x90"
            ),
            (.otherImageOrder, "\(imageB), \(imageA)", "\(first), \(second)", "image 2 comes where 5"),
            (.imageWithoutProposals, both, first, "image 2"),
            (
                .duplicateAnnotationID, both, sound + box(2, image: 5, "[1, 1, 30, 20]", area: "600"),
                "annotation 2"
            ),
            (
                .unknownImageID, both, sound + box(3, image: 7, "[1, 1, 30, 20]", area: "600"),
                "annotation 3 of image 7"
            ),
            (
                .unknownCategoryID, both,
                sound + box(3, image: 5, "[1, 1, 30, 20]", area: "600", category: 4), "category 4"
            ),
            (.nonFiniteBox, both, sound + box(3, image: 5, "[1, NaN, 30, 20]", area: "600"), "annotation 3"),
            (
                .nonFiniteBox, both, sound + box(3, image: 5, "[1, 1, 30, 20]", area: "-Infinity"),
                "annotation 3"
            ),
            (.emptyBox, both, sound + box(3, image: 5, "[1, 1, 0, 20]", area: "0"), "annotation 3"),
            (.boxOutsideImage, both, sound + box(3, image: 5, "[100, 1, 30, 20]", area: "600"), "in 100x80"),
            (.boxBeyondEdge, both, sound + box(3, image: 5, "[80, 1, 30, 20]", area: "600"), "in 100x80"),
            (.otherArea, both, sound + box(3, image: 5, "[1, 1, 30, 20]", area: "900"), "area 900"),
            (.duplicateBox, both, sound + box(3, image: 5, "[0, 0, 30, 20]", area: "600"), "annotation 3"),
            (
                .boxAgainstFilter, both, sound + box(3, image: 5, "[0, 0, 90, 20]", area: "1800"),
                "annotation 3"
            ),
            (
                .risingScores, both,
                sound + box(3, image: 5, "[2, 0, 30, 20]", area: "600", more: #", "score": 0.1"#) + ", "
                    + box(4, image: 5, "[3, 0, 30, 20]", area: "600", more: #", "score": 0.3"#),
                "image 5: 0.3 after 0.1"
            ),
        ]
    }()

    @Test(arguments: cases.indices) func eachDefectIsFoundAloneAndNamed(index: Int) throws {
        let (defect, images, boxes, words) = Self.cases[index]
        let report = try report(images: images, boxes: boxes, filter: .alignDet)
        #expect(report.entries.map(\.defect) == [defect], "\(report.table)")
        #expect(report.entries.first?.examples.first?.contains(words) == true, "\(report.table)")
        #expect(report.table.contains(defect.rawValue))
    }

    @Test func cornersInPlaceOfSidesAreRecognised() throws {
        let corners = (3..<9).map { Self.box($0, image: 5, "[60, \($0 + 40), 90, 75]", area: "6750") }
        let report = try report(boxes: "\(Self.first), \(Self.second), \(corners.joined(separator: ", "))")
        #expect(report.entries.map(\.defect) == [.boxBeyondEdge, .cornerBoxes])
        #expect(report.entries[1].examples[0].contains("6 of 6"))
    }

    @Test func anotherListOfImagesShowsInTheDigest() throws {
        let path = folder.path + "/other.json"
        let other = [images[0]]
        try ProposalFile.write(
            [[Box(x: 1, y: 1, width: 20, height: 20)]], for: other,
            info: ProposalFile.Info(description: "", parameters: [:], images: other), to: path)
        let report = try ProposalCheck.report(of: path, against: images, filter: nil)
        #expect(report.entries.map(\.defect) == [.otherImageList, .missingImage])
    }

    @Test func whatTheLoaderLeavesOutIsNoDefect() throws {
        let crowd = Self.box(3, image: 5, "[1, 1, 30, 20]", area: "600", more: #", "iscrowd": 1"#)
        let report = try report(boxes: "\(Self.first), \(Self.second), \(crowd)")
        #expect(report.entries.isEmpty && report.excluded[.crowd] == 1)
    }
}
