import Foundation
import Testing

extension ProgramTests {
    /// `--amp`: maps and gradients of 16 bits where the CPU multiplies such numbers, a refusal or 32 bits where not.
    @Suite struct MixedPrecisionTests {
        private let folder: WorkFolder
        private static let isAble: Bool = {
            let text = (try? String(contentsOfFile: "/proc/cpuinfo", encoding: .utf8)) ?? ""
            return text.contains("avx512_bf16") || text.contains("amx_bf16")
        }()

        init() throws { folder = try WorkFolder() }

        private func run(_ arguments: [String], ranks: Int? = nil) throws -> Outcome {
            try Program.run(arguments, ranks: ranks, in: folder.path)
        }

        @Test func aPreTrainingFollowsTheOneIn32Bits() throws {
            let options = ["--max-steps", "8"] + (try SmallRuns.pretraining(["schedule.length=8"]))
            let wide = try run(["pretrain", "--work-dir", "wide"] + options)
            try #require(wide.status == 0 && wide.errors.contains("maps in float32"), "\(wide)")
            let narrow = try run(["pretrain", "--work-dir", "narrow", "--amp", "bf16"] + options)
            guard Self.isAble else {
                #expect(narrow.status == 78 && narrow.errors.contains("run.amp"), "\(narrow)")
                return
            }
            try #require(narrow.status == 0 && narrow.errors.contains("maps in bfloat16"), "\(narrow)")
            let (a, b) = (try Metrics(folder.file("wide")).losses, try Metrics(folder.file("narrow")).losses)
            #expect(a != b)
            #expect(Metrics.worstDifference(a, b) < 0.02, "\(a) \(b)")
        }

        /// Parameters and optimizer stay in 32 bits, so nothing is lost between two runs.
        @Test func aResumedRunGoesOnBitForBit() throws {
            // Decided by the CPUs.
            let options = ["--amp", "auto"] + (try SmallRuns.pretraining(["schedule.length=6"]))
            for arguments in [
                ["--work-dir", "whole"], ["--work-dir", "parts", "--max-steps", "3"],
                ["--work-dir", "parts", "--resume", "auto"],
            ] {
                let outcome = try run(["pretrain"] + arguments + options, ranks: 2)
                let format = Self.isAble ? "bfloat16" : "float32"
                try #require(
                    outcome.status == 0 && outcome.errors.contains("maps in \(format)"), "\(outcome)")
            }
            let difference = try run([
                "ckpt", "diff", "whole/step_6.safetensors.zst", "parts/step_6.safetensors.zst",
            ])
            #expect(difference.status == 0, "\(difference)")
        }

        /// One step of everything there is, on a corner of a photograph.
        @Test(
            .enabled(if: isAble),
            arguments: [
                "supervised/retinanet_r50_1x_coco", "supervised/fcos_r50_1x_coco",
                "supervised/mask_rcnn_r50_1x_coco", "supervised/cascade_mask_rcnn_r50_20e_coco",
                "supervised/detr_r50_50e_coco", "pretrain/aligndet_fcos_r50_1x_coco",
                "pretrain/aligndet_faster_rcnn_r50_1x_coco", "pretrain/aligndet_detr_r50_50e_coco",
            ]) func everyDetectorTrainsInBFloat16(recipe: String) throws
        {
            let outcome = try run([
                "bench", "step", "\(Program.root)/configs/\(recipe).yaml", "--amp", "bf16", "--size",
                "96x96",
                "--batch", "1", "--iters", "1",
            ])
            #expect(outcome.status == 0 && outcome.output.contains("median_s"), "\(outcome)")
        }
    }
}
