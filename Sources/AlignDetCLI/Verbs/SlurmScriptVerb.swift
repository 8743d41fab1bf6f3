internal import ArgumentParser
internal import Foundation

struct SlurmScriptVerb: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "slurm-script",
        abstract:
            "Write a batch script for SLURM that saves before its time limit and goes on after a requeue.",
        discussion: """
            EXAMPLES
              aligndet-mpi slurm-script --nodes 4 --ranks-per-node 2 --cores-per-rank 32 > pretrain.sbatch
              aligndet-mpi slurm-script finetune --folds 5 --form srun > folds.sbatch
            """)

    @Argument(help: "pretrain or finetune.")
    var verb = "pretrain"

    @Option(help: "What starts the ranks: mpirun or srun; srun needs a SLURM with PMIx (srun --mpi=list).")
    var form: SlurmScript.Form = .mpirun

    @Option(help: "Hosts.")
    var nodes = 2

    @Option(help: "Ranks on each host.")
    var ranksPerNode = 4

    @Option(help: "Cores of each rank.")
    var coresPerRank = 8

    @Option(help: ArgumentHelp("Time limit as SLURM writes it.", valueName: "D-HH:MM:SS"))
    var time = "24:00:00"

    @Option(help: ArgumentHelp("How long before the limit to save and stop.", valueName: "seconds"))
    var warning = 300

    @Option(help: "Submit an array of this many jobs; FOLD in their options becomes the job's number.")
    var folds: Int?

    @Option(help: "File to write; standard output without it.")
    var out: String?

    func validate() throws {
        guard ["pretrain", "finetune"].contains(verb) else {
            throw ValidationError("slurm-script is for pretrain or finetune, not \(verb)")
        }
        for (name, value) in [
            ("nodes", nodes), ("ranks-per-node", ranksPerNode), ("cores-per-rank", coresPerRank),
            ("warning", warning),
            ("folds", folds ?? 1),
        ] where value < 1 {
            throw ValidationError("--\(name) takes a number from 1 on")
        }
        guard time.wholeMatch(of: /(\d+-)?\d+(:\d+){0,2}/) != nil else {
            throw ValidationError("--time '\(time)' is no time limit such as 24:00:00 or 2-00:00:00")
        }
    }

    func run() throws {
        let script = SlurmScript(
            verb: verb, form: form, nodes: nodes, ranksPerNode: ranksPerNode, coresPerRank: coresPerRank,
            timeLimit: time, warningSeconds: warning, folds: folds)
        guard let out else { return print(script.text, terminator: "") }
        do {
            try script.text.write(toFile: out, atomically: true, encoding: .utf8)
        } catch {
            throw OutputFailure(description: "\(out): \(error.localizedDescription) (choose another file)")
        }
    }
}

extension SlurmScript.Form: ExpressibleByArgument {}

/// A file that cannot be written.
struct OutputFailure: Error, CustomStringConvertible {
    let description: String
}
