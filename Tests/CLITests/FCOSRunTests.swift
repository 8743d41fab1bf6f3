import Foundation
import Testing

extension ProgramTests {
    /// The recipes of FCOS, cut down: pre-training, fine-tuning from there, detection, and weights that
    /// travel.
    @Suite struct FCOSRunTests {
        private let folder: WorkFolder

        init() throws { folder = try WorkFolder() }

        private static let model = [
            "model.backbone.name=mobilenet_v2", "model.backbone.frozen_stages=7",
            "model.backbone.norm=frozen",
            "model.backbone.weights=builtin:weights/mobilenetv2_imagenet_backbone.safetensors",
            "model.neck.channels=16", "model.neck.norm=none", "model.head.channels=16", "model.head.groups=4",
            "model.head.stacked_convs=1", "pipeline.resize.short_sides=[96]", "pipeline.resize.long_side=160",
            "data.train.images=builtin:bccd/images/train",
            "data.train.annotations=builtin:bccd/annotations/instances_train.json",
            "data.train.first_images=16",
            "batch.global=4", "schedule.unit=step", "schedule.length=4", "schedule.decay.at=[3]",
            "schedule.warmup.steps=2", "run.checkpoint_every=2",
        ]

        private func succeed(_ arguments: [String], ranks: Int? = nil) throws -> String {
            let outcome = try Program.run(arguments, ranks: ranks, in: folder.path)
            try #require(outcome.status == 0, "\(arguments): \(outcome)")
            return outcome.output + outcome.errors
        }

        private func pretrain(
            _ recipe: String, _ work: String, ranks: Int? = nil, _ more: [String] = []
        ) throws {
            let options =
                Self.model + [
                    "model.head.embedding=16", "model.head.projection_hidden=16",
                    "data.train.proposals=\(try SmallRuns.proposals.get())",
                ]
            _ = try succeed(
                [
                    "pretrain", "\(Program.root)/configs/pretrain/\(recipe)_fcos_r50_1x_coco.yaml",
                    "--work-dir", work,
                ]
                    + more + ["--cfg-options"] + options, ranks: ranks)
        }

        private func tuning() throws -> [String] {
            ["--cfg-options"] + Self.model + (try SmallRuns.validation.get()).validationOverrides + [
                "model.head.classes=3", "model.test.score_threshold=0", "pipeline.test.short_side=96",
                "pipeline.test.long_side=160", "run.eval_every=4",
            ]
        }

        private var recipe: String { "\(Program.root)/configs/finetune/fcos_r50_1x_coco.yaml" }

        @Test func aPreTrainingIsFineTunedScoredAndTravels() throws {
            try pretrain("aligndet", "pre", ranks: 2)
            let metrics = try folder.text("pre/metrics.jsonl")
            for name in ["loss_contrastive", "loss_bbox", "loss_centerness"] {
                #expect(metrics.contains(name))
            }
            let output = try succeed(
                ["finetune", recipe, "--load-from", "pre/step_4.safetensors.zst", "--work-dir", "tuned"]
                    + tuning(), ranks: 2)
            // Classes, boxes and centreness: weight and bias of each.
            #expect(output.contains("6 start fresh: bbox_head.conv_cls.weight"), "\(output)")
            let picture = "\(try SmallRuns.validation.get().images)"
            let image = try #require(
                try FileManager.default.contentsOfDirectory(atPath: picture).sorted().first)
            let found = try succeed(
                ["detect", "tuned/step_4.safetensors.zst", "--score-thr", "0", "\(picture)/\(image)"])
            #expect(found.contains("objects"), "\(found)")

            _ = try succeed(["export", "tuned/step_4.safetensors.zst", "--to", "mmdet", "--out", "w.pth"])
            let back = try succeed(
                ["import", "w.pth", "--from", "mmdet", "--config", recipe, "--out", "w.safetensors"]
                    + tuning())
            #expect(back.contains("missing 0   unexpected 0   of another shape 0"), "\(back)")
            let shown = try succeed(["ckpt", "show", "w.safetensors"])
            #expect(shown.contains("bbox_head.scales.4.scale  F32 []"), "\(shown)")
        }

        @Test func theFaithfulFormGoesOnBitForBit() throws {
            try pretrain("aligndet-faithful", "whole")
            try pretrain("aligndet-faithful", "parts", ["--max-steps", "2"])
            try pretrain("aligndet-faithful", "parts", ["--resume"])
            let difference = try succeed(
                ["ckpt", "diff", "whole/step_4.safetensors.zst", "parts/step_4.safetensors.zst"])
            #expect(difference.contains("equal, 0 differ"), "\(difference)")
        }
    }
}
