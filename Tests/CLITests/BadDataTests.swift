import Foundation
import Testing

extension ProgramTests {
    /// Data from outside that cannot be used ends a run with one line that says what and where.
    @Suite struct BadDataTests {
        private let folder: WorkFolder

        init() throws { folder = try WorkFolder() }

        private func photographs(_ edit: (inout COCOFile) -> Void = { _ in }) throws -> Photographs {
            try Photographs(count: 8, in: folder.file("data"), edit: edit)
        }

        private func finetuning(_ photographs: Photographs) throws -> [String] {
            ["finetune", SmallRuns.finetuning, "--work-dir", "run", "--max-steps", "2"]
                + (try SmallRuns.finetuning(photographs.trainingOverrides))
        }

        private func pretraining(_ photographs: Photographs, proposals: String) throws -> [String] {
            ["pretrain", "--work-dir", "run", "--max-steps", "2"]
                + (try SmallRuns.pretraining(
                    photographs.trainingOverrides + ["data.train.proposals=\(proposals)"]))
        }

        /// The names that the file gives its second image and first annotation of it.
        private func second(_ photographs: Photographs) throws -> (image: COCOFile.Image, annotation: Int) {
            let file = try COCOFile.read(photographs.annotations)
            let image = file.images[1]
            return (image, try #require(file.annotations.first { $0.imageID == image.id }).id)
        }

        @Test(arguments: [nil, 2]) func aPhotographCutShortIsNamed(ranks: Int?) throws {
            let photographs = try photographs()
            let image = try second(photographs).image
            let name = "data/images/\(image.fileName)"
            try folder.write(try folder.bytes(name).prefix(4000), name)
            try expectRefusal(
                try finetuning(photographs), status: 65,
                words: ["image \(image.id)", image.fileName], ranks: ranks, in: folder)
            try expectRefusal(
                [
                    "proposals", photographs.annotations, "--images", photographs.images, "--out",
                    "proposals.json",
                ],
                status: 65, words: [image.fileName], ranks: ranks, in: folder)
            #expect(!folder.names().contains("proposals.json"))
        }

        @Test func aMissingPhotographIsNamed() throws {
            let photographs = try photographs()
            let image = try second(photographs).image
            try FileManager.default.removeItem(atPath: "\(photographs.images)/\(image.fileName)")
            try expectRefusal(
                try finetuning(photographs), status: 66,
                words: [photographs.annotations, "image \(image.id)", image.fileName, "missing"], in: folder)
            try expectRefusal(
                [
                    "proposals", photographs.annotations, "--images", photographs.images, "--out",
                    "proposals.json",
                ],
                status: 66, words: [image.fileName], in: folder)
        }

        @Test func aPhotographOfAnotherSizeIsNamed() throws {
            let photographs = try photographs { $0.images[1].width += 2 }
            let image = try second(photographs).image
            try expectRefusal(
                try finetuning(photographs), status: 65,
                words: ["image \(image.id)", image.fileName, "640x480", "642x480"], in: folder)
        }

        @Test func aBoxWithoutAreaIsNamed() throws {
            let photographs = try photographs { file in
                let image = file.images[1].id
                guard let i = file.annotations.firstIndex(where: { $0.imageID == image }) else { return }
                file.annotations[i].bbox[2] = 0
            }
            let (image, annotation) = try second(photographs)
            try expectRefusal(
                try finetuning(photographs), status: 65,
                words: [
                    photographs.annotations, "annotation \(annotation)", "image \(image.id)",
                    "box without area",
                ],
                in: folder)
            // The other way to deal with it, which the message names.
            let dropped = try Program.run(
                try finetuning(photographs) + ["data.defects=drop", "batch.global=4"], in: folder.path)
            #expect(dropped.status == 0 && dropped.errors.contains("box without area"), "\(dropped)")
        }

        @Test func anUnknownCategoryIsNamed() throws {
            let photographs = try photographs { file in
                let image = file.images[1].id
                guard let i = file.annotations.firstIndex(where: { $0.imageID == image }) else { return }
                file.annotations[i].categoryID = 99
            }
            let (image, annotation) = try second(photographs)
            try expectRefusal(
                try finetuning(photographs), status: 65,
                words: ["annotation \(annotation)", "image \(image.id)", "category 99"], in: folder)
        }

        @Test func otherClassesThanTheModelsAreCounted() throws {
            let photographs = try photographs {
                $0.categories.append(COCOFile.Category(id: 7, name: "Other"))
            }
            try expectRefusal(
                try finetuning(photographs), status: 78,
                words: [photographs.annotations, "model.head.classes is 3", "4 classes"], in: folder)
        }

        @Test func anImageWithoutProposalsIsNamed() throws {
            let photographs = try photographs()
            var proposals = try COCOFile.read(try SmallRuns.proposals.get()).first(8)
            let image = proposals.images[1]
            proposals.annotations.removeAll { $0.imageID == image.id }
            try proposals.write(folder.file("proposals.json"))
            try expectRefusal(
                try pretraining(photographs, proposals: "proposals.json"), status: 65,
                words: ["proposals.json", "image \(image.id)", "image without proposals"], in: folder)
        }

        @Test func proposalsOfAnotherDataSetAreRefused() throws {
            let path = try SmallRuns.proposals.get()
            try expectRefusal(
                try pretraining(try photographs(), proposals: path), status: 65,
                words: [path, "292 images", "make the proposals again"], in: folder)
        }

        @Test(arguments: ["hello\n", "{\"images\": [", "{}", ""])
        func aFileThatIsNoAnnotationFileIsNamed(text: String) throws {
            let photographs = try photographs()
            try folder.write(text, "data/instances.json")
            try expectRefusal(
                try finetuning(photographs), status: 65, words: [photographs.annotations], in: folder)
            try expectRefusal(
                [
                    "score", "--gt", photographs.annotations, "--dt", photographs.annotations, "--json",
                    "s.json",
                ],
                status: 65, words: [photographs.annotations], in: folder)
            #expect(!folder.names().contains("s.json"))
        }

        @Test func aMissingAnnotationFileIsNamed() throws {
            try expectRefusal(
                try finetuning(try photographs()) + ["data.train.annotations=nowhere.json"], status: 66,
                words: ["nowhere.json"], in: folder)
        }

        @Test func aDetectionInAnUnknownImageIsNamed() throws {
            let photographs = try photographs()
            try folder.write(
                #"[{"image_id": 4711, "category_id": 1, "bbox": [1, 2, 3, 4], "score": 0.5}]"#, "found.json")
            let score = ["score", "--gt", photographs.annotations, "--dt", "found.json", "--json", "s.json"]
            try expectRefusal(score, status: 65, words: ["found.json", "4711"], in: folder)
            #expect(!folder.names().contains("s.json"))
            let lenient = try Program.run(score + ["--lenient"], in: folder.path)
            #expect(lenient.status == 0, "\(lenient)")
            #expect(try folder.text("s.json").contains("\"dropped_unknown_image\":1"))
        }
    }
}
