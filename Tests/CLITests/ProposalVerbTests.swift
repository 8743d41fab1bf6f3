import Foundation
import Testing

extension ProgramTests {
    @Suite struct ProposalVerbTests {
        private let folder: WorkFolder
        private let images = "\(Program.builtIn)/bccd/images/val"
        private let annotations = "\(Program.builtIn)/bccd/annotations/instances_val.json"

        init() throws { folder = try WorkFolder() }

        private func run(_ arguments: [String], ranks: Int? = nil) throws -> Outcome {
            let outcome = try Program.run(["proposals"] + arguments, ranks: ranks, in: folder.path)
            try #require(outcome.status == 0, "\(outcome)")
            return outcome
        }

        /// Enough work to be caught in the middle of it.
        private func search(_ out: String) -> [String] { [images, "--short-side", "160", "--out", out] }

        @Test func anyNumberOfRanksWritesTheSameBytes() throws {
            _ = try run(search("one.json"))
            let file = try COCOFile.read(folder.file("one.json"))
            #expect(file.images.count == 72 && file.annotations.count > 72 * 20)
            for ranks in [2, 4] {
                _ = try run(search("\(ranks).json"), ranks: ranks)
                #expect(try folder.bytes("\(ranks).json") == folder.bytes("one.json"))
            }
            #expect(folder.names() == ["2.json", "4.json", "one.json"])
        }

        @Test(arguments: [SIGKILL, SIGTERM]) func aRunThatWasEndedGoesOn(signal: Int32) throws {
            _ = try run(search("whole.json"))
            let stopped = try Program.start(["proposals"] + search("parts.json"), in: folder.path)
            let limit = Date().addingTimeInterval(60)
            while folder.names("parts.json.parts").filter({ !$0.hasSuffix(".partial") }).isEmpty,
                Date() < limit
            {
                usleep(2000)
            }
            stopped.send(signal)
            let status = try stopped.finish().status
            #expect(status == (signal == SIGKILL ? -SIGKILL : 75))
            #expect(!folder.names().contains("parts.json"))
            let rest = try run(search("parts.json"), ranks: 2)
            #expect(rest.errors.contains("parts are done already"))
            #expect(try folder.bytes("parts.json") == folder.bytes("whole.json"))
            #expect(!folder.names().contains("parts.json.parts"))
        }

        /// Images by every kind of list; SoCo's search with its fallbacks, and filters by number.
        @Test func everyLayoutIsRead() throws {
            let manager = FileManager.default
            let names = try manager.contentsOfDirectory(atPath: images).sorted().prefix(6)
            for (i, name) in names.enumerated() {
                for place in ["VOC/JPEGImages", "classes/n0\(i % 2)"] {
                    try manager.createDirectory(
                        atPath: folder.file(place), withIntermediateDirectories: true)
                    try manager.copyItem(atPath: "\(images)/\(name)", toPath: folder.file("\(place)/\(name)"))
                }
            }
            let soco = ["--mode", "soco", "--out"]
            _ = try run(["VOC"] + soco + ["voc.json"])
            _ = try run(["classes"] + soco + ["classes.json"], ranks: 2)
            let (voc, classes) = (
                try COCOFile.read(folder.file("voc.json")), try COCOFile.read(folder.file("classes.json"))
            )
            #expect(voc.images.map(\.fileName) == Array(names))
            #expect(classes.images.map(\.fileName) == [0, 2, 4, 1, 3, 5].map { "n0\($0 % 2)/\(names[$0])" })
            // SoCo draws nothing, so ids make no difference.
            func boxes(_ file: COCOFile, _ name: String) -> [[Double]] {
                let id = file.images.first { $0.fileName.hasSuffix(name) }?.id
                return file.annotations.filter { $0.imageID == id }.map(\.bbox)
            }
            for name in names {
                #expect(!boxes(voc, name).isEmpty)
                #expect(boxes(voc, name) == boxes(classes, name))
            }
            _ = try run([
                "VOC", "--out", "some.json", "--filter", "none", "--max-ratio", "2", "--sizes", "0.2-0.5",
                "--min-side", "40", "--nms", "0.6", "--top-k", "7", "--short-side", "160",
            ])
            for image in try COCOFile.read(folder.file("some.json")).images {
                let kept = boxes(try COCOFile.read(folder.file("some.json")), image.fileName)
                #expect(!kept.isEmpty && kept.count <= 7)
                for box in kept {
                    #expect(
                        box[2] >= 40 && box[3] >= 40 && box[2] <= 2.01 * box[3] && box[3] <= 2.01 * box[2])
                    let share = (box[2] * box[3] / Double(image.width * image.height)).squareRoot()
                    #expect(share > 0.199 && share < 0.501)
                }
            }
        }

        /// Objects of a VOC tree's list, in file order; difficult ones are left out.
        @Test func objectsOfVOCTreesAreProposals() throws {
            let names = try FileManager.default.contentsOfDirectory(atPath: images).sorted().prefix(3)
            func object(_ x: Int, _ difficult: Int) -> String {
                "<object><name>car</name><difficult>\(difficult)</difficult><bndbox><xmin>\(x)</xmin>"
                    + "<ymin>11</ymin><xmax>90</xmax><ymax>60</ymax></bndbox></object>"
            }
            for place in ["VOC/JPEGImages", "VOC/Annotations", "VOC/ImageSets/Main"] {
                try FileManager.default.createDirectory(
                    atPath: folder.file(place), withIntermediateDirectories: true)
            }
            for (i, name) in names.enumerated() {
                try FileManager.default.copyItem(
                    atPath: "\(images)/\(name)", toPath: folder.file("VOC/JPEGImages/\(name)"))
                let objects = object(1, 0) + object(2 + i, 1) + object(31 + i, 0)
                try folder.write(
                    "<annotation><size><width>640</width><height>480</height></size>\(objects)</annotation>",
                    "VOC/Annotations/\(name.dropLast(4)).xml")
            }
            try folder.write(
                "\(names[2].dropLast(4))\n\(names[0].dropLast(4))\n", "VOC/ImageSets/Main/val.txt")
            _ = try run(["VOC", "--split", "val", "--source", "gt", "--out", "voc.json"])
            let file = try COCOFile.read(folder.file("voc.json"))
            #expect(file.images.map(\.fileName) == [names[2], names[0]])
            #expect(file.annotations.map(\.imageID) == [1, 1, 2, 2])
            #expect(
                file.annotations.map(\.bbox) == [
                    [0, 10, 90, 50], [32, 10, 58, 50], [0, 10, 90, 50], [30, 10, 60, 50],
                ])
            try expectRefusal(
                ["proposals", images, "--source", "gt", "--out", "x.json"], status: 64,
                words: ["plain folder", "VOC tree"], in: folder)
        }

        @Test func boxesMayComeFromElsewhere() throws {
            let dataset = [annotations, "--images", images]
            _ = try run(dataset + ["--source", "gt", "--out", "gt.json", "--top-k", "3"])
            let truth = try COCOFile.read(annotations)
            let proposals = try COCOFile.read(folder.file("gt.json"))
            let id = truth.images[5].id
            func boxes(_ file: COCOFile) -> [[Double]] {
                file.annotations.filter { $0.imageID == id }.map(\.bbox)
            }
            #expect(boxes(proposals) == Array(boxes(truth).prefix(3)))
            // Results are sorted by score.
            try folder.write(
                """
                [{"image_id": \(id), "category_id": 1, "bbox": [1, 2, 30, 40], "score": 0.2},
                 {"image_id": \(id), "category_id": 2, "bbox": [5, 6, 70, 80], "score": 0.9}]
                """, "results.json")
            _ = try run(
                dataset + [
                    "--source", "file", "--from", "results.json", "--fallback", "whole-image", "--out",
                    "r.json",
                ])
            let sorted = try COCOFile.read(folder.file("r.json"))
            #expect(boxes(sorted) == [[5, 6, 70, 80], [1, 2, 30, 40]])
            #expect(sorted.annotations.count == truth.images.count + 1)
            try folder.write(
                #"[{"image_id": 99, "category_id": 1, "bbox": [1, 2, 3, 4], "score": 1}]"#, "bad.json")
            try expectRefusal(
                ["proposals"] + dataset + ["--source", "file", "--from", "bad.json", "--out", "x.json"],
                status: 65,
                words: ["bad.json", "image 99"], in: folder)
        }
    }
}
