import Foundation
import Testing

extension ProgramTests {
    /// The batch scripts that lie in `launch/slurm` are what the program writes.
    @Suite struct SlurmScriptTests {
        struct Script: Sendable, CustomTestStringConvertible {
            let file: String
            let arguments: [String]
            var testDescription: String { file }
        }

        static let scripts = [
            Script(file: "pretrain.sbatch", arguments: []),
            Script(file: "pretrain-srun.sbatch", arguments: ["pretrain", "--form", "srun"]),
            Script(file: "finetune.sbatch", arguments: ["finetune"]),
            Script(
                file: "finetune-folds.sbatch",
                arguments: ["finetune", "--nodes", "1", "--time", "08:00:00", "--folds", "5"]),
        ]

        @Test(arguments: scripts) func theCommittedScriptIsTheProgramsOwn(script: Script) throws {
            let folder = try WorkFolder()
            let outcome = try Program.run(["slurm-script"] + script.arguments, in: folder.path)
            #expect(outcome.status == 0)
            let committed = try String(
                contentsOfFile: "\(Program.root)/launch/slurm/\(script.file)", encoding: .utf8)
            #expect(
                outcome.output == committed,
                "write it again: aligndet-mpi slurm-script \(script.arguments.joined(separator: " ")) > launch/slurm/\(script.file)"
            )
            try folder.write(outcome.output, "script")
            #expect(try RunningProgram(["bash", "-n", "script"], in: folder.path).finish().status == 0)
        }

        @Test func everyOptionReachesTheScript() throws {
            let folder = try WorkFolder()
            let outcome = try Program.run(
                [
                    "slurm-script", "finetune", "--form", "srun", "--nodes", "3", "--ranks-per-node", "5",
                    "--cores-per-rank",
                    "7", "--time", "2-01:00:00", "--warning", "90", "--folds", "4", "--out", "it.sbatch",
                ], in: folder.path)
            #expect(outcome.status == 0 && outcome.output.isEmpty, "\(outcome)")
            let lines = Set(try folder.text("it.sbatch").split(separator: "\n").map(String.init))
            for line in [
                "--nodes=3", "--ntasks-per-node=5", "--cpus-per-task=7", "--time=2-01:00:00",
                "--signal=B:USR1@90",
                "--array=0-3", "--requeue", "--open-mode=append", "--job-name=finetune",
            ] {
                #expect(lines.contains("#SBATCH \(line)"), "\(line)")
            }
        }

        @Test(arguments: [
            (["pretrain", "--time", "tomorrow"], "tomorrow"), (["score"], "pretrain or finetune"),
            (["--nodes", "0"], "--nodes"),
        ]) func nonsenseIsRefused(arguments: [String], word: String) throws {
            let folder = try WorkFolder()
            let outcome = try Program.run(["slurm-script"] + arguments, in: folder.path)
            #expect(outcome.status == 64 && outcome.errors.contains(word), "\(outcome)")
        }
    }
}
