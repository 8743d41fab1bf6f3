import DetectionData
import Foundation
import TestSupport
import Testing

/// Outlines on their way from a file to a sample and from a detection to a file.
@Suite struct COCOSegmentationTests {
    private func read(_ segmentation: String, withMasks: Bool = true) throws -> COCOAnnotations {
        let text = """
            {"images": [{"id": 1, "file_name": "a.jpg", "width": 3, "height": 2}],
             "categories": [{"id": 5, "name": "thing"}],
             "annotations": [{"id": 9, "image_id": 1, "category_id": 5, "bbox": [0, 0, 2, 2], "area": 4,
                              "iscrowd": 0, "segmentation": \(segmentation)}]}
            """
        let path = NSTemporaryDirectory() + "segmentation-\(UUID().uuidString).json"
        try Data(text.utf8).write(to: URL(fileURLWithPath: path))
        defer { try? FileManager.default.removeItem(atPath: path) }
        return try COCOAnnotations.read(path: path, withMasks: withMasks)
    }

    private func mask(_ segmentation: String) throws -> RLEMask? {
        try read(segmentation).annotations[0].segmentation?.mask(width: 3, height: 2)
    }

    @Test func allThreeFormsAreRead() throws {
        // The left two of three columns.
        let expected: [UInt8] = [1, 1, 0, 1, 1, 0]
        #expect(try mask("[[0, 0, 2, 0, 2, 2, 0, 2]]")?.pixels == expected)
        #expect(try mask("{\"size\": [2, 3], \"counts\": [0, 4, 2]}")?.pixels == expected)
        #expect(try mask("{\"counts\": \"042\", \"size\": [2, 3]}")?.pixels == expected)
    }

    @Test func outlinesThatNobodyAskedForAreSkipped() throws {
        #expect(try read("[[0, 0, 2]]", withMasks: false).annotations[0].segmentation == nil)
        #expect(try mask("[]") == nil)
    }

    @Test(arguments: [
        "[[0, 0, 2, 0]]", "[[0, 0, 2, 0, 2, 2, 0]]", "{\"size\": [2, 3]}", "{\"size\": [2], \"counts\": [6]}",
        "{\"size\": [2, 3], \"counts\": [0, 7]}", "{\"size\": [2, 3], \"counts\": [-1, 7]}",
    ])
    func damagedOutlinesAreRefused(segmentation: String) {
        #expect(throws: DataError.self) { try read(segmentation) }
    }

    @Test func resultsCarryTheirMask() throws {
        let mask = RLEMask(width: 3, height: 2, pixels: [1, 1, 0, 1, 1, 0])
        var results = COCOResults()
        results.append(.init(imageID: 1, categoryID: 5, bbox: (0, 0, 2, 2), score: 0.5), mask: mask)
        let path = NSTemporaryDirectory() + "results-\(UUID().uuidString).json"
        defer { try? FileManager.default.removeItem(atPath: path) }
        try results.write(path: path)
        let list = try JSONSerialization.jsonObject(with: Data(contentsOf: URL(fileURLWithPath: path)))
        let entry = try #require((list as? [[String: Any]])?.first?["segmentation"] as? [String: Any])
        #expect(entry["size"] as? [Int] == [2, 3] && entry["counts"] as? String == "042")
    }
}
