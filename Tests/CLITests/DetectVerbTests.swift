import Foundation
import Testing

extension ProgramTests {
    /// `detect` finds in single pictures what `eval` finds in a data set.
    @Suite struct DetectVerbTests {
        private let folder: WorkFolder

        init() throws { folder = try WorkFolder() }

        private struct Found: Decodable, Equatable {
            let image: String
            let category: Int
            let bbox: [Double]
            let score: Double

            enum CodingKeys: String, CodingKey {
                case image, bbox, score
                case category = "category_id"
            }
        }

        private struct Evaluated: Decodable {
            let image: Int
            let category: Int
            let bbox: [Double]
            let score: Double

            enum CodingKeys: String, CodingKey {
                case bbox, score
                case image = "image_id"
                case category = "category_id"
            }
        }

        private func checkpoint() throws -> String {
            "\(try SmallRuns.finetuned.get())/step_2.safetensors.zst"
        }

        private func pictures() throws -> [(record: COCOFile.Image, path: String)] {
            let photographs = try SmallRuns.validation.get()
            return try COCOFile.read(photographs.annotations).images.prefix(2).map {
                ($0, "\(photographs.images)/\($0.fileName)")
            }
        }

        @Test func detectionsAreThoseOfTheEvaluation() throws {
            let pictures = try pictures()
            let outcome = try Program.run(
                ["detect", try checkpoint(), "--score-thr", "0", "--json", "found.json"]
                    + pictures.map(\.path),
                in: folder.path)
            try #require(outcome.status == 0, "\(outcome)")
            let found = try JSONDecoder().decode([Found].self, from: try folder.bytes("found.json"))
            let url = URL(fileURLWithPath: "\(try SmallRuns.finetuned.get())/detections_step_2.json")
            let all = try JSONDecoder().decode([Evaluated].self, from: try Data(contentsOf: url))
            let expected = pictures.flatMap { record, path in
                all.filter { $0.image == record.id }.map {
                    Found(image: path, category: $0.category, bbox: $0.bbox, score: $0.score)
                }
            }
            #expect(expected.count > 100)
            #expect(found == expected)
            for path in pictures.map(\.path) { #expect(outcome.output.contains("\(path): 100 objects")) }
        }

        @Test func onlyScoresFromTheThresholdOnAreKept() throws {
            let path = try pictures()[0].path
            func found(_ threshold: Double) throws -> [Found] {
                let outcome = try Program.run(
                    [
                        "detect", try checkpoint(), path, "--score-thr", "\(threshold)", "--json",
                        "found.json",
                    ],
                    in: folder.path)
                try #require(outcome.status == 0, "\(outcome)")
                return try JSONDecoder().decode([Found].self, from: try folder.bytes("found.json"))
            }
            let all = try found(0)
            let middle = all.map(\.score).sorted()[all.count / 2]
            #expect(try found(middle) == all.filter { $0.score >= middle })
            #expect(try found(1).isEmpty)
        }

        /// Pictures of one name from two folders do not overwrite each other.
        @Test func drawnPicturesAreWholeAndKeepTheirSize() throws {
            let path = try pictures()[0].path
            let names = ["one/cells.jpg", "other/cells.jpg"]
            for name in names {
                try FileManager.default.createDirectory(
                    atPath: folder.file((name as NSString).deletingLastPathComponent),
                    withIntermediateDirectories: true)
                try FileManager.default.copyItem(atPath: path, toPath: folder.file(name))
            }
            let outcome = try Program.run(
                ["detect", try checkpoint(), "--score-thr", "0", "--out", "drawn"] + names, in: folder.path)
            try #require(outcome.status == 0, "\(outcome)")
            #expect(folder.names("drawn").count == 2)
            for name in folder.names("drawn") {
                #expect(try folder.bytes("drawn/\(name)") != folder.bytes(names[0]), "nothing is drawn")
            }
            // A folder of pictures is a data set: its list tells the sizes.
            let listed = try Program.run(
                ["proposals", "drawn", "--out", "p.json", "--short-side", "32"], in: folder.path)
            try #require(listed.status == 0, "\(listed)")
            let sizes = try COCOFile.read(folder.file("p.json")).images.map { [$0.width, $0.height] }
            #expect(sizes == [[640, 480], [640, 480]])
        }

        @Test func aPreTrainingCheckpointIsRefused() throws {
            let file = try SmallRuns.pretrained.get()
            try expectRefusal(
                ["detect", file, try pictures()[0].path, "--json", "found.json", "--out", "drawn"],
                status: 65,
                words: [file, "pretrain", "fine-tune"], in: folder)
            #expect(folder.names().isEmpty)
        }

        @Test func picturesThatCannotBeReadAreNamed() throws {
            let good = try pictures()[0].path
            let detect = ["detect", try checkpoint(), "--json", "found.json", good]
            try expectRefusal(detect + ["nowhere.jpg"], status: 66, words: ["nowhere.jpg"], in: folder)
            let bytes = try Data(contentsOf: URL(fileURLWithPath: good))
            try folder.write(bytes.prefix(bytes.count / 2), "cut.jpg")
            try expectRefusal(detect + ["cut.jpg"], status: 65, words: ["cut.jpg"], in: folder)
            try folder.write("no picture\n", "notes.jpg")
            try expectRefusal(detect + ["notes.jpg"], status: 65, words: ["notes.jpg"], in: folder)
            #expect(folder.names() == ["cut.jpg", "notes.jpg"])
        }
    }
}
