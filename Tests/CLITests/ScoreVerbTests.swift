import Foundation
import Testing

extension ProgramTests {
    /// `score` on made-up data of `bench score`, which holds pycocotools' numbers for it.
    @Suite struct ScoreVerbTests {
        private let folder: WorkFolder

        init() throws { folder = try WorkFolder() }

        private func run(_ arguments: [String], ranks: Int? = nil) throws -> String {
            let outcome = try Program.run(arguments, ranks: ranks, in: folder.path)
            try #require(outcome.status == 0, "\(outcome)")
            return outcome.output
        }

        private func metrics(_ path: String) throws -> [String: Double] {
            struct Scores: Decodable { let metrics: [String: Double] }
            return try JSONDecoder().decode(Scores.self, from: folder.bytes(path)).metrics
        }

        /// `launch/peer_score.py` says what pycocotools 2.0.11 makes of the same files.
        @Test(arguments: [
            (
                "bbox",
                [
                    0.4647823216380588,
                    0.7605323702312812,
                    0.4859249886223826,
                    0.4706319026318997,
                    0.5534864969148756,
                    0.5490283028799119,
                    0.21233319751259264,
                    0.6539005487801659,
                    0.8063968508070373,
                    0.7275297769862987,
                    0.8501290552770816,
                    0.8684852171637886,
                ]
            ),
            (
                "segm",
                [
                    0.4740685441566009,
                    0.7635664942454518,
                    0.48120267020597396,
                    0.5188226831315712,
                    0.5492113803768947,
                    0.5465507879011104,
                    0.21318664830211095,
                    0.6746549249956196,
                    0.8429329027381536,
                    0.8296486648272363,
                    0.8603083228905597,
                    0.8510251177394035,
                ]
            ),
        ])
        func madeUpDetectionsHaveTheReferencesNumbers(type: String, figures: [Double]) throws {
            let lines = try run([
                "bench", "score", "--images", "150", "--keep", "made", "--iters", "1", "--threads", "2",
            ])
            #expect(lines.contains("\"detections\":12720"))
            let files = ["score", "--gt", "made/gt.json", "--dt", "made/\(type).json", "--type", type]
            let alone = try run(
                files + ["--json", "one.json", "--curves", "curves.svg", "--curves", "curves.json"])
            let together = try run(files + ["--json", "two.json"], ranks: 2)
            #expect(alone == together)
            #expect(try folder.bytes("one.json") == folder.bytes("two.json"))
            let metrics = try metrics("one.json")
            let names = [
                "AP", "AP50", "AP75", "APs", "APm", "APl", "AR@1", "AR@10", "AR@100", "ARs", "ARm", "ARl",
            ]
            for (name, figure) in zip(names, figures) {
                #expect(
                    abs((metrics[name] ?? -1) - figure) < 1e-12, "\(type) \(name): \(metrics[name] ?? -1)")
            }
            #expect(try String(decoding: folder.bytes("curves.svg"), as: UTF8.self).hasPrefix("<svg"))
            #expect(try folder.bytes("curves.json").count > 10_000)
        }

        @Test func boxesHaveNoMasksToScore() throws {
            _ = try run(["bench", "score", "--images", "2", "--keep", "made", "--iters", "1"])
            let outcome = try Program.run(
                ["score", "--gt", "made/gt.json", "--dt", "made/bbox.json", "--type", "segm"], in: folder.path
            )
            #expect(outcome.status == 65)
            #expect(
                outcome.complaints.first?.contains("made/bbox.json: detection entry 0 has no mask") == true)
        }
    }
}
