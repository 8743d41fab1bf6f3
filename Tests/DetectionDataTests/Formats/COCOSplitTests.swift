import DetectionData
import Foundation
import Testing

@Suite struct COCOSplitTests {
    private let folder: ScratchFolder

    init() throws { folder = try ScratchFolder() }

    private func make(images: Int, extra: String = "") throws -> String {
        let list = (0..<images).map { "{\"width\": 4, \"id\": \(1000 - $0), \"x\": [1.50, \"\\u00e4\"]}" }
        let annotations = (0..<images).map { "{\"id\": \($0), \"image_id\": \(1000 - $0)}" }
        let text = """
            {"info": {"a": 1}, "images": [\(list.joined(separator: ", "))], "other": 1, "licenses": [],
             "annotations": [\((annotations + (extra.isEmpty ? [] : [extra])).joined(separator: ","))],
             "categories": [{"id": 3}]}
            """
        try folder.write(Data(text.utf8), to: "all.json")
        return "\(folder.path)/all.json"
    }

    private struct Part: Decodable {
        struct Image: Decodable { let id: Int }
        struct Annotation: Decodable {
            enum CodingKeys: String, CodingKey { case image = "image_id" }
            let image: Int
        }
        struct Category: Decodable { let id: Int }
        let images: [Image], annotations: [Annotation], categories: [Category], info: [String: Int],
            other: Int?
    }

    @Test func partsAreTheFoldAndTheRestInTheFilesOrder() throws {
        let split = try COCOSplit(path: make(images: 50))
        try split.write(
            percent: 10, seed: 3, labelled: "\(folder.path)/l.json", unlabelled: "\(folder.path)/u.json")
        let parts = try ["l.json", "u.json"].map {
            try JSONDecoder().decode(
                Part.self, from: Data(contentsOf: URL(fileURLWithPath: "\(folder.path)/\($0)")))
        }
        let drawn = LabelFold.positions(of: 50, percent: 10, seed: 3).sorted().map { 1000 - $0 }
        #expect(drawn.count == 5 && parts[0].images.map(\.id) == drawn)
        #expect(parts[1].images.map(\.id) == (0..<50).map { 1000 - $0 }.filter { !drawn.contains($0) })
        for part in parts {
            #expect(part.annotations.map(\.image) == part.images.map(\.id))
            #expect(part.categories.map(\.id) == [3] && part.info == ["a": 1] && part.other == nil)
        }
        // Entries are copied, not written anew.
        let text = try String(contentsOfFile: "\(folder.path)/l.json", encoding: .utf8)
        #expect(text.contains("{\"width\": 4, \"id\": \(drawn[0]), \"x\": [1.50, \"\\u00e4\"]}"))
    }

    @Test func whatCannotBeDividedIsNamed() throws {
        let few = try COCOSplit(path: make(images: 9))
        #expect(throws: DataError.self) {
            try few.write(percent: 10, seed: 1, labelled: "\(folder.path)/l", unlabelled: "\(folder.path)/u")
        }
        let path = try make(images: 3, extra: "{\"image_id\": 7}")
        let error = #expect(throws: DataError.self) { try COCOSplit(path: path) }
        #expect(error?.message.hasSuffix("annotation entry 3 is of image 7, which is not there") == true)
    }
}
