import Foundation
import Testing

extension ProgramTests {
    /// Fine-tuning, `eval` and `score` speak of the same detections with the same numbers.
    @Suite struct EvaluationVerbTests {
        private let folder: WorkFolder

        init() throws { folder = try WorkFolder() }

        private func run(_ arguments: [String], ranks: Int? = nil) throws -> Outcome {
            let outcome = try Program.run(arguments, ranks: ranks, in: folder.path)
            try #require(outcome.status == 0, "\(outcome)")
            return outcome
        }

        private func scored(_ detections: String) throws -> (table: String, metrics: [String: Double]) {
            let truth = try SmallRuns.validation.get().annotations
            let table = try run(["score", "--gt", truth, "--dt", detections, "--json", "scores.json"]).output
            let json =
                try JSONSerialization.jsonObject(with: try folder.bytes("scores.json")) as? [String: Any]
            return (table, try #require(json?["metrics"] as? [String: Double]))
        }

        @Test func aPreTrainingCheckpointIsTakenWithoutAStepBetween() throws {
            let (start, tiny) = (try SmallRuns.pretrained.get(), "optimizer.lr=1.0e-30")
            let outcome = try run(
                [
                    "finetune", SmallRuns.finetuning, "--load-from", start, "--work-dir", "run",
                    "--max-steps", "1",
                ]
                    + (try SmallRuns.finetuning([tiny])))
            let match = try #require(
                outcome.errors.firstMatch(of: /(\d+) tensors loaded; 4 start fresh: (.*);/))
            #expect((Int(match.1) ?? 0) > 250, "\(outcome)")
            for name in ["retina_cls.weight", "retina_cls.bias", "retina_reg.weight", "retina_reg.bias"] {
                #expect(match.2.contains("bbox_head.\(name)"))
            }
            // At this rate weights stay what they were loaded as.
            let difference = try Program.run(
                ["ckpt", "diff", start, "run/step_1.safetensors.zst"], in: folder.path)
            let differing = Set(
                difference.output.split(separator: "\n").compactMap { $0.split(separator: ":").first })
            for part in [
                "neck.lateral_convs.0", "neck.fpn_convs.4", "bbox_head.cls_convs.0", "bbox_head.reg_convs.3",
            ] {
                #expect(!differing.contains("\(part).conv.weight"), "\(difference)")
            }
            #expect(differing.contains("bbox_head.retina_reg.weight"))
        }

        @Test func evaluationScoreAndTheRunsOwnRecordAgree() throws {
            let work = try SmallRuns.finetuned.get()
            let record = try Metrics(work).scores(after: 2)
            let (table, metrics) = try scored("\(work)/detections_step_2.json")
            #expect(record == metrics)
            // An AP of zero would agree with anything.
            #expect((metrics["AP50"] ?? 0) > 0 && metrics.count == 12, "\(metrics)")

            for ranks in [nil, 2] {
                let evaluated = try run(
                    ["eval", SmallRuns.finetuning, "\(work)/step_2.safetensors.zst", "--out", "found.json"]
                        + (try SmallRuns.finetuning()), ranks: ranks)
                #expect(evaluated.output == table)
                #expect(
                    try folder.bytes("found.json")
                        == Data(contentsOf: URL(fileURLWithPath: "\(work)/detections_step_2.json")))
            }
            let rows = table.split(separator: "\n").filter { $0.contains("@[ IoU=") }
            let order = [
                "AP", "AP50", "AP75", "APs", "APm", "APl", "AR@1", "AR@10", "AR@100", "ARs", "ARm", "ARl",
            ]
            #expect(rows.count == order.count)
            for (row, name) in zip(rows, order) {
                #expect(
                    row.hasSuffix(" = " + String(format: "%.3f", metrics[name] ?? .nan)), "\(name): \(row)")
            }
        }

        @Test func groundTruthAsDetectionsIsPerfect() throws {
            let file = try COCOFile.read(try SmallRuns.validation.get().annotations)
            let found: [[String: Any]] = file.annotations.map {
                ["image_id": $0.imageID, "category_id": $0.categoryID, "bbox": $0.bbox, "score": 0.9]
            }
            try folder.write(try JSONSerialization.data(withJSONObject: found), "found.json")
            let metrics = try scored("found.json").metrics
            #expect(metrics["AP"] == 1 && metrics["AP75"] == 1 && metrics["AR@100"] == 1)
        }
    }
}
