import Foundation
import Testing

extension ProgramTests {
    /// The recipes of two-stage detectors, cut down, on two ranks: one pre-training serves the detector with and without
    /// masks.
    @Suite struct TwoStageRunTests {
        private let folder: WorkFolder

        init() throws { folder = try WorkFolder() }

        /// Fewer of everything, and a backbone that is there.
        private static let common = [
            "model.backbone.name=mobilenet_v2", "model.backbone.frozen_stages=7",
            "model.backbone.norm=frozen",
            "model.backbone.weights=builtin:weights/mobilenetv2_imagenet_backbone.safetensors",
            "model.neck.channels=16", "model.neck.norm=none", "model.rpn.channels=16",
            "model.head.channels=16",
            "model.head.width=32", "model.rpn.train.per_level=60", "model.rpn.train.total=40",
            "model.sampler.count=32", "model.anchors.base_scale=4", "pipeline.resize.short_sides=[96]",
            "pipeline.resize.long_side=160", "batch.global=4", "schedule.unit=step", "schedule.length=4",
            "schedule.decay.at=[3]", "schedule.warmup.steps=2", "run.checkpoint_every=2",
        ]

        private func succeed(_ arguments: [String], ranks: Int? = nil) throws -> String {
            let outcome = try Program.run(arguments, ranks: ranks, in: folder.path)
            try #require(outcome.status == 0, "\(arguments): \(outcome)")
            return outcome.output + outcome.errors
        }

        private func pretrain(_ recipe: String, _ work: String, ranks: Int? = nil, _ more: [String] = [])
            throws
        {
            let options =
                Self.common + [
                    "data.train.images=builtin:bccd/images/train",
                    "data.train.annotations=builtin:bccd/annotations/instances_train.json",
                    "data.train.first_images=16", "model.head.embedding=16",
                    "model.head.projection_hidden=16",
                    "data.train.proposals=\(try SmallRuns.proposals.get())",
                ]
            _ = try succeed(
                [
                    "pretrain", "\(Program.root)/configs/pretrain/\(recipe)_r50_1x_coco.yaml", "--work-dir",
                    work,
                ]
                    + more + ["--cfg-options"] + options, ranks: ranks)
        }

        private func recipe(_ detector: String) -> String {
            "\(Program.root)/configs/finetune/\(detector)_r50_1x_coco.yaml"
        }

        private func tuning(_ detector: String) throws -> [String] {
            let photographs = try Photographs(count: 8, in: folder.file("train_\(detector)")) {
                $0.outlineBoxes()
            }
            return ["--cfg-options"] + Self.common + photographs.trainingOverrides
                + (try SmallRuns.validation.get()).validationOverrides + [
                    "model.head.classes=3", "model.test.score_threshold=0", "model.rpn.test.per_level=60",
                    "model.rpn.test.total=40", "pipeline.test.short_side=96", "pipeline.test.long_side=160",
                    "run.eval_every=4",
                ]
                + (detector.contains("mask") ? ["model.mask.channels=16", "model.mask.stacked_convs=1"] : [])
        }

        /// - heads: second stages, each with a class and a box layer that start fresh; masks have three layers each.
        @Test(arguments: [("faster_rcnn", "mask_rcnn", 1), ("cascade_rcnn", "cascade_mask_rcnn", 3)])
        func onePreTrainingServesBoxesAndMasks(plain: String, masked: String, heads: Int) throws {
            try pretrain("aligndet_\(plain)", "pre", ranks: 2)
            let metrics = try folder.text("pre/metrics.jsonl")
            for name in ["loss_rpn_cls", "loss_rpn_bbox", "loss_contrastive", "loss_bbox"] {
                #expect(metrics.contains(name), "\(name)")
            }
            for (detector, fresh) in [(plain, 4 * heads), (masked, 10 * heads)] {
                let output = try succeed(
                    [
                        "finetune", recipe(detector), "--load-from", "pre/step_4.safetensors.zst",
                        "--work-dir", detector,
                    ]
                        + tuning(detector), ranks: 2)
                // Everything else was loaded: a tensor that is not there or of another shape stops the run.
                let match = try #require(
                    output.firstMatch(of: /(\d+) tensors loaded; (\d+) start fresh/), "\(output)")
                #expect(match.2 == "\(fresh)", "\(output)")
                #expect(try Metrics(folder.file(detector)).scores(after: 4).values.allSatisfy { $0.isFinite })
            }
            try weightsTravel(masked)
            try regionsAreProposals(plain)
        }

        /// The first stage's boxes, the same for any number of ranks; a checkpoint of pre-training has none.
        private func regionsAreProposals(_ detector: String) throws {
            let photographs = try SmallRuns.validation.get()
            func propose(_ checkpoint: String, to out: String) -> [String] {
                [
                    "proposals", photographs.annotations, "--images", photographs.images, "--source", "rpn",
                    "--from", checkpoint, "--top-k", "20", "--out", out,
                ]
            }
            _ = try succeed(propose("\(detector)/step_4.safetensors.zst", to: "rpn1.json"))
            _ = try succeed(propose("\(detector)/step_4.safetensors.zst", to: "rpn2.json"), ranks: 2)
            #expect(try folder.bytes("rpn1.json") == folder.bytes("rpn2.json"))
            let file = try COCOFile.read(folder.file("rpn1.json"))
            for image in file.images {
                let boxes = file.annotations.filter { $0.imageID == image.id }.map(\.bbox)
                #expect((5...20).contains(boxes.count))
                for box in boxes {
                    #expect(box[0] >= 0 && box[1] >= 0 && box[2] > 0 && box[3] > 0)
                    #expect(box[0] + box[2] <= Double(image.width) + 1e-3)
                    #expect(box[1] + box[3] <= Double(image.height) + 1e-3)
                }
            }
            let check = try succeed([
                "proposals", "check", "rpn1.json", photographs.annotations, "--images", photographs.images,
            ])
            #expect(check.contains(" 0 defects"), "\(check)")
            let refused = try Program.run(
                propose("pre/step_4.safetensors.zst", to: "x.json"), in: folder.path)
            #expect(
                refused.status == 65
                    && refused.complaints.first?.contains("is a \(detector) of pretrain") == true,
                "\(refused)")
        }

        /// To mmdetection and back, and the file detects.
        private func weightsTravel(_ detector: String) throws {
            _ = try succeed([
                "export", "\(detector)/step_4.safetensors.zst", "--to", "mmdet", "--out", "w.pth",
            ])
            let back = try succeed(
                [
                    "import", "w.pth", "--from", "mmdet", "--config", recipe(detector), "--out",
                    "w.safetensors",
                ]
                    + tuning("\(detector)_again_mask"))
            #expect(back.contains("missing 0   unexpected 0   of another shape 0"), "\(back)")
            let head = detector.hasPrefix("cascade") ? "mask_head.2" : "mask_head"
            let shown = try succeed(["ckpt", "show", "w.safetensors"])
            #expect(shown.contains("roi_head.\(head).upsample.weight  F32 [16, 16, 2, 2]"), "\(shown)")
            let pictures = "\(try SmallRuns.validation.get().images)"
            let picture = try #require(
                try FileManager.default.contentsOfDirectory(atPath: pictures).sorted().first)
            let found = try succeed(["detect", "w.safetensors", "--score-thr", "0", "\(pictures)/\(picture)"])
            #expect(found.contains("objects"), "\(found)")
        }

        /// As published, and interrupted.
        @Test func theFaithfulCascadeGoesOnBitForBit() throws {
            try pretrain("aligndet-faithful_cascade_rcnn", "whole")
            try pretrain("aligndet-faithful_cascade_rcnn", "parts", ["--max-steps", "2"])
            try pretrain("aligndet-faithful_cascade_rcnn", "parts", ["--resume"])
            let difference = try succeed(
                ["ckpt", "diff", "whole/step_4.safetensors.zst", "parts/step_4.safetensors.zst"])
            #expect(difference.contains("equal, 0 differ"), "\(difference)")
        }
    }
}
