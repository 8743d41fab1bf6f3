internal import ArgumentParser
internal import Checkpointing
internal import Collectives
internal import Foundation
internal import Training

struct VerifyResume: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "verify-resume",
        abstract: "Prove on your own recipe that an interrupted run ends with the bits of one that was not.",
        discussion: """
            Runs a few steps in one go, then the same steps with a stop and a resume in between, and compares every tensor
            of the two checkpoints. With run.deterministic, a third run goes on from the middle on one rank alone.
            Exit code 70 if anything differs.

            EXAMPLES
              mpirun -np 4 aligndet-mpi verify-resume RECIPE.yaml
              mpirun -np 4 aligndet-mpi verify-resume RECIPE.yaml --steps 20 --deterministic
            """)

    @Argument(help: "A recipe (YAML).")
    var config: String = BuiltIn.quickPretraining

    @Option(help: "Updates in all; the interruption comes after half of them.")
    var steps = 6

    @Option(help: "Folder for the runs; those of an earlier verification in it go first.")
    var workDir = "work_dirs/verify_resume"

    @Option(parsing: .upToNextOption, help: ArgumentHelp("Override keys of the recipe.", valueName: "k=v"))
    var cfgOptions: [String] = []

    @Flag(help: "Shorthand for --cfg-options run.deterministic=true.")
    var deterministic = false

    @OptionGroup var sums: AllReduceArguments

    func validate() throws {
        if steps < 2 { throw ValidationError("--steps takes a number from 2 on") }
    }

    func run() throws {
        try Job.run(sums.settings) { job in
            var overrides = cfgOptions
            if deterministic { overrides.append("run.deterministic=true") }
            let recipe = try RunConfig.load(path: config, overrides: overrides, builtInRoot: BuiltIn.root)
            let half = steps / 2
            let (name, end) = ("step_\(half).safetensors.zst", "step_\(steps).safetensors.zst")
            if job.isFirst { try removeEarlierRuns(name) }
            try job.communicator.barrier(label: "clearing \(workDir)")
            try run(recipe, in: "whole", from: .fresh, upTo: steps, job.communicator, job)
            try run(recipe, in: "parts", from: .fresh, upTo: half, job.communicator, job)
            if job.isFirst, recipe.run.deterministic {
                // The run may keep one checkpoint only.
                try FileManager.default.copyItem(
                    atPath: "\(workDir)/parts/\(name)", toPath: "\(workDir)/\(name)")
            }
            try run(recipe, in: "parts", from: .newest, upTo: steps, job.communicator, job)
            var isExact =
                try job.isFirst ? compare("whole/\(end)", "parts/\(end)", "interrupted after \(half)") : true
            if recipe.run.deterministic, job.communicator.topology.size > 1 {
                if job.isFirst {
                    try run(
                        recipe, in: "alone", from: .checkpoint(path: "\(workDir)/\(name)"), upTo: steps,
                        LocalCommunicator(), job)
                    isExact =
                        try compare("whole/\(end)", "alone/\(end)", "one rank alone from \(half) on")
                        && isExact
                }
                // One rank does the work of all.
                try job.communicator.barrier(label: "one rank alone", deadlineSeconds: 24 * 3600)
            }
            return isExact ? 0 : ExitStatus.internalError
        }
    }

    /// Nothing else: the folder may be one that was named by mistake.
    private func removeEarlierRuns(_ checkpoint: String) throws {
        for name in ["whole", "parts", "alone", checkpoint] {
            let path = "\(workDir)/\(name)"
            guard FileManager.default.fileExists(atPath: path) else { continue }
            do {
                try FileManager.default.removeItem(atPath: path)
            } catch {
                throw TrainingError(
                    .output, "\(path): \(error.localizedDescription)",
                    hint: "remove it, or choose another folder with --work-dir")
            }
        }
    }

    private func run(
        _ recipe: RunConfig, in folder: String, from start: TrainingRun.Start, upTo steps: Int,
        _ communicator: any Communicator, _ job: Job
    ) throws {
        let options = TrainingRun.Options(
            workFolder: "\(workDir)/\(folder)", start: start, weights: nil, keepsLastLayers: false,
            maximumSteps: steps,
            silenceSeconds: 600, keepBest: 0, isScored: false)
        let run = TrainingRun(recipe, options: options, communicator: communicator, log: job.log)
        guard try run.run() == .finished else {
            throw UsageError(description: "verify-resume was asked to stop")
        }
    }

    private func compare(_ whole: String, _ other: String, _ how: String) throws -> Bool {
        let difference = CheckpointDifference(
            try CheckpointReader(path: "\(workDir)/\(whole)").file,
            try CheckpointReader(path: "\(workDir)/\(other)").file)
        for row in difference.rows { print("\(row.name): \(row.kind)") }
        let count = difference.rows.count
        print(
            "\(count == 0 ? "exact" : "NOT exact"): \(steps) steps, \(how): \(difference.equalCount) tensors are equal bit "
                + "for bit, \(count) differ")
        return count == 0
    }
}
