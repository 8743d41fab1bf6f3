import DetectionData
import Foundation
import Testing

@Suite struct ProposalFileTests {
    private let folder: ScratchFolder
    private let path: String
    private let images: [COCOAnnotations.ImageRecord] = [
        .init(id: 7, fileName: "a \"b\" é.jpg", width: 100, height: 80),
        .init(id: 9, fileName: "c.jpg", width: 80, height: 100),
    ]
    private let proposals = [
        [Box(x: 1, y: 2, width: 30, height: 40), Box(x: 0.5, y: 0.25, width: 10, height: 10)],
        [Box(x: 3, y: 3, width: 5, height: 6)],
    ]

    init() throws {
        folder = try ScratchFolder()
        path = folder.path + "/proposals.json"
        try folder.touch("a \"b\" é.jpg", "c.jpg")
    }

    private func write() throws -> ProposalFile.Info {
        let info = ProposalFile.Info(
            description: "test", parameters: ["scale": "300", "sigma": "0.9"], images: images)
        try ProposalFile.write(proposals, for: images, info: info, to: path)
        return info
    }

    @Test func writtenFileIsACOCODetectionFile() throws {
        _ = try write()
        let json = try JSONSerialization.jsonObject(with: Data(contentsOf: URL(fileURLWithPath: path)))
        let file = try #require(json as? [String: Any])
        #expect((file["categories"] as? [[String: Any]])?.first?["name"] as? String == "selective_search")
        let annotations = try #require(file["annotations"] as? [[String: Any]])
        #expect(annotations.map { $0["image_id"] as? Int } == [7, 7, 9])
        #expect(annotations.map { $0["id"] as? Int } == [1, 2, 3])
        #expect(annotations[1]["bbox"] as? [Double] == [0.5, 0.25, 10, 10])
        #expect(annotations[0]["area"] as? Double == 1200)
        #expect((file["images"] as? [[String: Any]])?.first?["file_name"] as? String == "a \"b\" é.jpg")
    }

    @Test func proposalsComeBackAsADatasetInTheirOrder() throws {
        _ = try write()
        let dataset = try COCODataset(
            COCOAnnotations.read(path: path), imageFolder: folder.path,
            options: .init(
                use: .pretraining, classNames: [ProposalFile.className], subset: .all, policy: .refuse,
                orientation: .apply))
        #expect(dataset.count == 2)
        #expect((0..<2).map { Array(dataset.boxes(at: $0)) } == proposals)
    }

    @Test func infoComesBackAndNamesItsImages() throws {
        let info = try write()
        #expect(try ProposalFile.info(ofFile: path) == info)
        let same = COCOAnnotations(images: images, categories: [], annotations: [], source: "train.json")
        try ProposalFile.check(info, ofFile: path, against: same)
        let other = COCOAnnotations(
            images: Array(images.reversed()), categories: [], annotations: [], source: "train.json")
        let error = #expect(throws: DataError.self) {
            try ProposalFile.check(info, ofFile: path, against: other)
        }
        #expect(error?.message.contains("\(path): proposals for 2 images with digest") == true)
        #expect(error?.message.contains("but train.json has 2") == true)
    }

    /// FNV-1a of the text "7\tc.jpg\t80\t100\n", computed apart.
    @Test func digestIsFNV1a() {
        let image = COCOAnnotations.ImageRecord(id: 7, fileName: "c.jpg", width: 80, height: 100)
        #expect(ProposalFile.digest(of: [image]) == "6c3de3123830c69a")
        #expect(ProposalFile.digest(of: []) == "cbf29ce484222325")
    }

    @Test func filesOfOtherOriginHaveNoInfo() throws {
        #expect(try ProposalFile.info(ofFile: "\(BuiltInBCCD.folder)/annotations/instances_val.json") == nil)
        try folder.write(Data("{\"images\":[],\"info\":\"hand-made\"}".utf8), to: "other.json")
        #expect(try ProposalFile.info(ofFile: folder.path + "/other.json") == nil)
    }

    @Test func folderThatIsNotThereIsAnOutputError() throws {
        let info = ProposalFile.Info(description: "", parameters: [:], images: images)
        let error = #expect(throws: DataError.self) {
            try ProposalFile.write(proposals, for: images, info: info, to: "/no/such/folder/p.json")
        }
        #expect(error?.kind == .output)
        #expect(error?.message.contains("/no/such/folder/p.json") == true)
    }
}
