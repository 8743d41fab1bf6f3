import Foundation
import Testing

extension ProgramTests {
    /// With `--deterministic` no number of ranks changes a bit, and no stop either.
    @Suite struct ElasticityTests {
        private let folder: WorkFolder

        init() throws { folder = try WorkFolder() }

        /// Ten micro-batches a step, which divide among few numbers of ranks.
        private func options(_ steps: Int) throws -> [String] {
            ["--deterministic"]
                + (try SmallRuns.pretraining(["schedule.length=\(steps)", "batch.global=10", "batch.micro=1"]))
        }

        private func pretrain(_ work: String, _ more: [String], steps: Int, ranks: Int?) throws {
            let outcome = try Program.run(
                ["pretrain", "--work-dir", work] + more + (try options(steps)), ranks: ranks, in: folder.path)
            try #require(outcome.status == 0, "\(outcome)")
        }

        private func expectEqual(_ one: String, _ other: String) throws {
            let difference = try Program.run(["ckpt", "diff", one, other], in: folder.path)
            #expect(difference.status == 0, "\(one), \(other): \(difference)")
            #expect(
                difference.output.firstMatch(of: /^[1-9]\d+ tensors are equal, 0 differ\n$/) != nil,
                "\(difference)")
        }

        @Test func anyNumberOfRanksGivesTheSameBits() throws {
            try pretrain("alone", [], steps: 3, ranks: nil)
            for ranks in [1, 2, 3, 4, 8] {
                try pretrain("ranks_\(ranks)", [], steps: 3, ranks: ranks)
                try expectEqual("alone/step_3.safetensors.zst", "ranks_\(ranks)/step_3.safetensors.zst")
                #expect(
                    try Metrics(folder.file("ranks_\(ranks)")).losses == Metrics(folder.file("alone")).losses)
            }
        }

        /// 4, 2, 3 ranks and one, each going on where the ones before stopped.
        @Test func ranksComeAndGoBetweenRestarts() throws {
            try pretrain("whole", [], steps: 8, ranks: 2)
            for (last, ranks) in [(2, 4), (5, 2), (6, 3), (8, 1)] {
                try pretrain("parts", ["--resume", "auto", "--max-steps", "\(last)"], steps: 8, ranks: ranks)
            }
            try expectEqual("whole/step_8.safetensors.zst", "parts/step_8.safetensors.zst")
            #expect(try Metrics(folder.file("parts")).steps == Array(1...8))
            #expect(try Metrics(folder.file("parts")).losses == Metrics(folder.file("whole")).losses)
        }

        @Test func normsThatDependOnTheRanksAreRefused() throws {
            try expectRefusal(
                ["finetune", SmallRuns.finetuning, "--work-dir", "run", "--deterministic"]
                    + (try SmallRuns.finetuning(["model.neck.norm=batch"])), status: 78,
                words: ["run.deterministic", "norm"], in: folder)
        }

        @Test func sharesThatDoNotDivideAreRefusedForSyncNorm() throws {
            try expectRefusal(
                ["finetune", SmallRuns.finetuning, "--work-dir", "run"]
                    + (try SmallRuns.finetuning(["model.neck.norm=sync", "batch.global=6", "batch.micro=2"])),
                status: 78,
                words: ["3 micro-batches do not divide among 2 ranks"], ranks: 2, in: folder)
        }

        @Test(arguments: [false, true]) func theProgramProvesItOnARecipe(deterministic: Bool) throws {
            let outcome = try Program.run(
                ["verify-resume", "--steps", "4", "--work-dir", "proof"]
                    + (deterministic ? ["--deterministic"] : [])
                    + (try SmallRuns.pretraining(["run.keep=1"])), ranks: 2, in: folder.path)
            #expect(outcome.status == 0, "\(outcome)")
            let lines = outcome.output.split(separator: "\n").filter { $0.hasPrefix("exact: 4 steps, ") }
            #expect(lines.count == (deterministic ? 2 : 1), "\(outcome)")
            #expect(outcome.output.contains("one rank alone from 2 on: ") == deterministic, "\(outcome)")
            #expect(
                lines.allSatisfy {
                    $0.firstMatch(of: /: [1-9]\d+ tensors are equal bit for bit, 0 differ/) != nil
                }, "\(outcome)")
        }
    }
}
