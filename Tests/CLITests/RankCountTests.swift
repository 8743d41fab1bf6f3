import Foundation
import Testing

extension ProgramTests {
    /// The recipe fixes what a step computes; ranks only share the work.
    @Suite struct RankCountTests {
        /// What sums in another order may change over twenty steps, relative to the loss.
        private static let tolerance = 1e-4

        private func losses(_ arguments: [String], ranks: Int?) throws -> [Double] {
            let folder = try WorkFolder()
            let outcome = try Program.run(arguments + ["--work-dir", "run"], ranks: ranks, in: folder.path)
            try #require(outcome.status == 0, "\(outcome)")
            return try Metrics(folder.file("run")).losses
        }

        @Test func preTrainingLosesTheSameOnOneTwoAndFourRanks() throws {
            let arguments = ["pretrain"] + (try SmallRuns.pretraining(["schedule.length=20"]))
            let alone = try losses(arguments, ranks: nil)
            #expect(alone.count == 20)
            for ranks in [1, 2, 4] {
                let worst = Metrics.worstDifference(alone, try losses(arguments, ranks: ranks))
                print("pre-training on \(ranks) ranks: losses within \(worst) of one process")
                #expect(worst <= Self.tolerance)
            }
        }

        @Test func fineTuningLosesTheSameOnOneAndTwoRanks() throws {
            let arguments =
                ["finetune", SmallRuns.finetuning, "--load-from", try SmallRuns.pretrained.get()]
                + (try SmallRuns.finetuning(["schedule.length=20"]))
            let alone = try losses(arguments, ranks: nil)
            #expect(alone.count == 20)
            let worst = Metrics.worstDifference(alone, try losses(arguments, ranks: 2))
            print("fine-tuning on 2 ranks: losses within \(worst) of one process")
            #expect(worst <= Self.tolerance)
        }

        /// More ranks than this machine may have cores, as `mpirun` allows.
        @Test func sixteenRanksLoseTheSameAndWriteOneSoundCheckpoint() throws {
            let folder = try WorkFolder()
            let arguments =
                ["pretrain", "--work-dir", "run", "--max-steps", "5"]
                + (try SmallRuns.pretraining(["data.train.first_images=32", "batch.global=32"]))
            let outcome = try Program.run(arguments, ranks: 16, in: folder.path)
            try #require(outcome.status == 0, "\(outcome)")
            #expect(outcome.errors.contains("in 16 micro-batches of 2 on 16 ranks"))
            #expect(try Metrics(folder.file("run")).steps == [1, 2, 3, 4, 5])
            #expect(
                folder.names("run") == [
                    "config.yaml", "last_checkpoint", "metrics.jsonl", "step_5.safetensors.zst",
                ])
            var alone = arguments
            alone[2] = "alone"
            let single = try Program.run(alone, in: folder.path)
            try #require(single.status == 0, "\(single)")
            let worst = Metrics.worstDifference(
                try Metrics(folder.file("alone")).losses, try Metrics(folder.file("run")).losses)
            print("pre-training on 16 ranks: losses within \(worst) of one process")
            #expect(worst <= Self.tolerance)
            let verified = try Program.run(["ckpt", "verify", "run/step_5.safetensors.zst"], in: folder.path)
            #expect(
                verified.status == 0 && verified.output.contains("run/step_5.safetensors.zst: sound"),
                "\(verified)")
        }

        @Test func aRankWithoutAMicroBatchIsTold() throws {
            let folder = try WorkFolder()
            let arguments =
                ["pretrain", "--work-dir", "run", "--max-steps", "1"]
                + (try SmallRuns.pretraining(["batch.global=2"]))
            let outcome = try Program.run(arguments, ranks: 2, in: folder.path)
            #expect(
                outcome.status == 0 && outcome.errors.contains("1 of 2 ranks have no micro-batch"),
                "\(outcome)")
        }
    }
}
