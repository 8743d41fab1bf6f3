import Foundation
import Testing

extension ProgramTests {
    /// `data` on the built-in photographs and on something wrong.
    @Suite struct DataVerbTests {
        private let folder: WorkFolder

        init() throws { folder = try WorkFolder() }

        private struct ImageNames: Decodable {
            struct Image: Decodable { let file_name: String }
            let images: [Image]
        }

        private func run(_ arguments: [String]) throws -> Outcome {
            try Program.run(["data"] + arguments, in: folder.path)
        }

        private func bccd() throws -> (annotations: String, images: String) {
            let recipe = try SmallRuns.validation.get()
            return (recipe.annotations, recipe.images)
        }

        @Test func aSoundDataSetPassesAndIsCounted() throws {
            let (annotations, images) = try bccd()
            let check = try run(["check", annotations, "--images", images, "--headers"])
            #expect(check.status == 0 && check.output.contains(" 0 defects"), "\(check)")
            let statistics = try run(["stats", annotations])
            #expect(
                statistics.status == 0 && statistics.output.contains("small, medium, large"), "\(statistics)")
        }

        @Test func missingFilesEndWithTheirStatus() throws {
            let (annotations, _) = try bccd()
            let check = try run(["check", annotations, "--images", "."])
            #expect(
                check.status == 66 && check.complaints.first?.contains("image file missing") == true,
                "\(check)")
            #expect(try run(["check", annotations, "--images", ".", "--policy", "report"]).status == 0)
        }

        @Test func foldsAreNestedFiles() throws {
            let annotations = "\(Program.builtIn)/bccd/annotations/instances_train.json"
            let split = try run(
                ["split", annotations, "--percent", "10", "20", "--seed", "1", "2", "--out", "folds"])
            #expect(split.status == 0 && split.output.split(separator: "\n").count == 4, "\(split)")
            let stem = URL(fileURLWithPath: annotations).deletingPathExtension().lastPathComponent
            func ids(_ name: String) throws -> Set<Int> {
                struct File: Decodable {
                    struct Image: Decodable { let id: Int }
                    let images: [Image]
                }
                let bytes = try folder.bytes("folds/\(stem).\(name).json")
                return Set(try JSONDecoder().decode(File.self, from: bytes).images.map(\.id))
            }
            let (ten, twenty) = (try ids("1@10"), try ids("1@20"))
            #expect(!ten.isEmpty && ten.isSubset(of: twenty))
            #expect(try ids("2@10") != ten)
            #expect(try ids("1@10-unlabeled").isDisjoint(with: ten))
        }

        @Test func foldersBecomeCOCOFiles() throws {
            let (annotations, images) = try bccd()
            let convert = try run(["convert", images, "--out", "list.json"])
            #expect(convert.status == 0, "\(convert)")
            let list = try folder.bytes("list.json")
            #expect(try JSONDecoder().decode(ImageNames.self, from: list).images.count == 8)
            let refused = try run(["convert", annotations, "--split", "train", "--out", "x.json"])
            #expect(refused.status == 64, "\(refused)")
        }

        @Test func viewsAreDrawnSideBySide() throws {
            let browse = try run(
                ["browse", SmallRuns.finetuning, "--out", "looks", "--count", "2", "--cfg-options"]
                    + (try SmallRuns.finetuning().dropFirst()))
            #expect(browse.status == 0, "\(browse)")
            let pictures = browse.output.split(separator: "\n").compactMap { $0.split(separator: ":").first }
            #expect(pictures.count == 2)
            for picture in pictures { #expect(try folder.bytes(String(picture)).starts(with: [0xFF, 0xD8])) }
            let pairs = ["browse", "builtin:quick/pretrain.yaml", "--count", "1", "--out"]
            let two = try run(pairs + ["two"] + SmallRuns.pretraining())
            #expect(two.status == 0 && two.output.contains(" and "), "\(two)")
            let soco = try run(pairs + ["soco", "--soco"] + SmallRuns.pretraining())
            #expect(soco.status == 0 && soco.output.contains("4 and 4 and 4 and 4 boxes"), "\(soco)")
            let refused = try run(
                ["browse", SmallRuns.finetuning, "--out", "x", "--soco"] + SmallRuns.finetuning())
            #expect(refused.status == 64, "\(refused)")
        }
    }
}
