import Foundation
import Testing

extension ProgramTests {
    /// A DETR of a few channels goes the whole way: pre-training, fine-tuning, scores, and to other programs and back.
    @Suite struct DETRRunTests {
        private let folder: WorkFolder

        init() throws {
            folder = try WorkFolder()
            try folder.write(Self.common, "common.yaml")
            try folder.write(Self.finetuning, "finetune.yaml")
            try folder.write(Self.pretraining, "pretrain.yaml")
        }

        private func run(_ arguments: [String], ranks: Int? = nil) throws -> Outcome {
            let outcome = try Program.run(arguments, ranks: ranks, in: folder.path)
            try #require(outcome.status == 0, "\(outcome)")
            return outcome
        }

        private func tune(_ work: String, _ more: [String], ranks: Int? = nil) throws -> Outcome {
            try run(
                ["finetune", "finetune.yaml", "--work-dir", work] + more + ["--cfg-options"]
                    + (try SmallRuns.validation.get().validationOverrides), ranks: ranks)
        }

        @Test func preTrainingFineTuningAndScoringFitTogether() throws {
            _ = try run(
                [
                    "pretrain", "pretrain.yaml", "--work-dir", "first", "--max-steps", "2", "--cfg-options",
                    "data.train.proposals=\(try SmallRuns.proposals.get())",
                ], ranks: 2)
            let loaded = try tune(
                "second", ["--load-from", "first/step_2.safetensors.zst", "--max-steps", "2"], ranks: 2)
            // Classes and boxes start fresh.
            let match = try #require(loaded.errors.firstMatch(of: /tensors loaded; 4 start fresh: (.*);/))
            #expect(
                match.1.contains("class_embed.weight") && match.1.contains("bbox_embed.layers.2.bias"))
            let scores = try Metrics(folder.file("second")).scores(after: 2)
            #expect(scores.count == 12 && scores.values.allSatisfy { $0.isFinite })
        }

        /// Dropout is drawn anew after a resumption as it would have been, and is the same on any number of ranks.
        @Test func aResumedRunAndTwoRanksGiveTheSameLosses() throws {
            _ = try tune("whole", [])
            _ = try tune("parts", ["--max-steps", "2"])
            _ = try tune("parts", ["--resume"])
            let difference = try Program.run(
                ["ckpt", "diff", "whole/step_4.safetensors.zst", "parts/step_4.safetensors.zst"],
                in: folder.path)
            #expect(difference.output.contains(" equal, 0 differ"), "\(difference)")
            _ = try tune("ranks", [], ranks: 2)
            let (one, two) = (
                try Metrics(folder.file("whole")).losses, try Metrics(folder.file("ranks")).losses
            )
            #expect(one.count == 4 && Metrics.worstDifference(one, two) < 1e-4)
        }

        @Test(arguments: ["detr", "mmdet"]) func weightsTravelBothWays(family: String) throws {
            _ = try tune("run", ["--max-steps", "1"])
            _ = try run(["export", "run/step_1.safetensors.zst", "--to", family, "--out", "out.pth"])
            let report = try run([
                "import", "out.pth", "--from", family, "--config", "finetune.yaml", "--out",
                "back.safetensors",
            ])
            let match = try #require(
                report.output.firstMatch(of: /matched (\d+)   missing 0   unexpected 0   of another shape 0/),
                "\(report)")
            let difference = try Program.run(
                ["ckpt", "diff", "run/step_1.safetensors.zst", "back.safetensors"], in: folder.path)
            // Only the optimizer's numbers stay behind.
            #expect(difference.output.contains("\n\(match.1) tensors are equal"), "\(difference)")
        }

        private static let common = """
            model:
              detector: detr
              backbone:
                name: mobilenet_v2
                norm: frozen
                weights: builtin:weights/mobilenetv2_imagenet_backbone.safetensors
              head:
                flavour: mmdet
                channels: 16
                heads: 2
                feed_forward: 32
                encoder_layers: 1
                decoder_layers: 2
                queries: 20
                pre_norm: false
                dropout: 0.1
                class_weight: 1
                box_weight: 5
                giou_weight: 2
                background_weight: 0.1
            data:
              train:
                annotations: builtin:bccd/annotations/instances_train.json
                images: builtin:bccd/images/train
                first_images: 16
              defects: refuse
              orientation: apply
            pipeline:
              resize:
                short_sides: [96, 110]
                long_side: 160
              flip: 0.5
              photometric: false
              normalize:
                mean: [123.675, 116.28, 103.53]
                std: [58.395, 57.12, 57.375]
            optimizer:
              name: adamw
              lr: 0.0001
              betas: [0.9, 0.999]
              eps: 1.0e-8
              weight_decay: 0.0001
              clip_norm: 0.1
              rules:
                - match: backbone.
                  lr_mult: 0.1
                  decay_mult: 1
            schedule:
              unit: step
              length: 4
              warmup:
                kind: none
              decay:
                kind: step
                at: []
                factor: 0.1
            batch:
              global: 4
              micro: 2
            run:
              seed: 3
              keep: 9
              log_every: 1
              loader_threads: 1
              deterministic: false
              amp: off
              checkpoint_every: 1

            """

        private static let finetuning = """
            _base_: [common.yaml]
            task: finetune
            method: supervised
            model:
              backbone:
                frozen_stages: 3
              head:
                classes: 3
              test:
                max_detections: 100
            data:
              val:
                annotations: builtin:bccd/annotations/instances_val.json
                images: builtin:bccd/images/val
            pipeline:
              # Not rounded up: maps of any size.
              pad_multiple: 1
              test:
                short_side: 96
                long_side: 160
            run:
              eval_every: 2

            """

        private static let pretraining = """
            _base_: [common.yaml]
            task: pretrain
            method: aligndet
            model:
              backbone:
                frozen_stages: 7
              head:
                classes: 5
                embedding: 8
            data:
              train:
                proposals: proposals.json
            pipeline:
              pad_multiple: 32
            objective:
              faithful: false
              temperature: 0.5
              momentum_start: 0.996
              momentum_end: 1.0
              contrastive_weight: 1
              box_weight: 1
              proposals_per_image: 10
              switches: {}

            """
    }
}
