import Foundation
import TestSupport
import Testing

@testable import DetectionData

@Suite struct COCOAnnotationsTests {
    /// What Foundation's decoder makes of the same file.
    private struct Reference: Decodable {
        struct Image: Decodable { let id: Int, fileName: String, width: Int, height: Int }
        struct Category: Decodable { let id: Int, name: String }
        struct Annotation: Decodable {
            let id: Int, imageId: Int, categoryId: Int, bbox: [Double], area: Double, iscrowd: Int,
                ignore: Int?
        }
        let images: [Image], categories: [Category], annotations: [Annotation]

        static func read(_ url: URL) throws -> Reference {
            let decoder = JSONDecoder()
            decoder.keyDecodingStrategy = .convertFromSnakeCase
            return try decoder.decode(Reference.self, from: Data(contentsOf: url))
        }
    }

    private func read(_ text: String, for use: COCOAnnotations.Use = .training) throws -> COCOAnnotations {
        var scanner = JSONScanner(bytes: Array(text.utf8), name: "gt.json")
        return try COCOAnnotations.read(&scanner, for: use)
    }

    private func complaint(_ text: String, for use: COCOAnnotations.Use = .training) -> String? {
        do {
            _ = try read(text, for: use)
            return nil
        } catch {
            return (error as? DataError)?.message
        }
    }

    private func expectEqual(_ data: COCOAnnotations, _ reference: Reference) {
        #expect(data.images.map(\.id) == reference.images.map(\.id))
        #expect(data.images.map(\.fileName) == reference.images.map(\.fileName))
        #expect(data.images.map(\.width) == reference.images.map(\.width))
        #expect(data.images.map(\.height) == reference.images.map(\.height))
        #expect(data.categories.map(\.id) == reference.categories.map(\.id))
        #expect(data.categories.map(\.name) == reference.categories.map(\.name))
        #expect(data.annotations.count == reference.annotations.count)
        for (ours, theirs) in zip(data.annotations, reference.annotations) {
            #expect(ours.id == theirs.id)
            #expect(ours.imageID == theirs.imageId)
            #expect(ours.categoryID == theirs.categoryId)
            let box: [Double] = [ours.bbox.x, ours.bbox.y, ours.bbox.width, ours.bbox.height]
            #expect(box == theirs.bbox)
            #expect(ours.area == theirs.area)
            #expect(ours.isCrowd == (theirs.iscrowd == 1) && ours.ignore == (theirs.ignore == 1))
        }
    }

    @Test(arguments: ["photographs", "generated"])
    func readsWhatAnotherReaderReadsAndWritesItBack(name: String) throws {
        let url = Golden.url("coco_eval/\(name)_gt.json")
        let reference = try Reference.read(url)
        let data = try COCOAnnotations.read(path: url.path)
        expectEqual(data, reference)

        let copy = FileManager.default.temporaryDirectory.appendingPathComponent("\(UUID()).json")
        defer { try? FileManager.default.removeItem(at: copy) }
        try data.write(path: copy.path)
        expectEqual(data, try Reference.read(copy))
    }

    @Test func keysComeInAnyOrderAndUnknownOnesAreSkipped() throws {
        let data = try read(
            """
            {"categories":[{"supercategory":"x","name":"cat","id":3.0}],
             "annotations":[{"segmentation":{"size":[4,4],"counts":"a\\\\b"},"iscrowd":true,"area":4,"bbox":[1,2,3,4.5],
               "category_id":3,"image_id":9.0,"id":1,"attributes":[[{}],null]}],
             "info":{"year":2017},"images":[{"height":5,"id":9,"file_name":"ä/b.jpg","width":6,"license":4}]}
            """)
        #expect(
            data.annotations.count == 1 && data.annotations[0].imageID == 9 && data.annotations[0].isCrowd)
        #expect(data.annotations[0].bbox == (x: 1, y: 2, width: 3, height: 4.5))
        #expect(data.images[0].fileName == "ä/b.jpg" && data.categories[0].id == 3)
        #expect(data.source == "gt.json")
    }

    @Test func missingKeysNameFileAndEntry() {
        let head = #"{"images":[],"categories":[],"annotations":["#
        #expect(
            complaint(head + #"{"id":7,"image_id":1,"category_id":1,"area":1}]}"#)
                == "gt.json: annotation 7 (entry 0) has no 'bbox', at byte 44, line 1")
        #expect(
            complaint(head + #"{"image_id":1,"category_id":1,"area":1,"bbox":[1,2,3,4]}]}"#)
                == "gt.json: annotation entry 0 has no 'id', at byte 44, line 1")
        #expect(
            complaint(head + #"{"id":7,"bbox":[1,2,3]}]}"#)
                == "gt.json: bbox has 3 numbers, not 4, at byte 59, line 1")
        #expect(
            complaint(head + #"{"id":7,"bbox":[1,NaN,3,4]}]}"#)
                == "gt.json: expected a number, found NaN or Infinity, at byte 62, line 1")
        #expect(
            complaint(head + #"{"id":"7"}]}"#)
                == "gt.json: expected a number, found a string, at byte 50, line 1")
        #expect(complaint(#"{"images":[]}"#) == "gt.json: has no 'annotations'")
        #expect(complaint(#"{"annotations":[],"categories":[]}"#) == "gt.json: has no 'images'")
        #expect(complaint("[]")?.contains("found a list") == true)
    }

    @Test func whatMustBeThereDependsOnTheUse() throws {
        let bare = #"{"images":[{"id":4}],"categories":[],"annotations":[]}"#
        #expect(try read(bare, for: .scoring).images.map(\.id) == [4])
        #expect(complaint(bare) == "gt.json: image 4 (entry 0) has no 'file_name', at byte 11, line 1")
        let unlabelled = #"{"images":[{"id":4,"file_name":"a","width":1,"height":2}]}"#
        #expect(try read(unlabelled, for: .imageList).images.count == 1)
        #expect(complaint(unlabelled, for: .scoring) == "gt.json: has no 'annotations'")
    }
}
