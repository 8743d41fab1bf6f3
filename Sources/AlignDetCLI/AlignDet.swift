internal import ArgumentParser
internal import Collectives
internal import Foundation
internal import Training

/// The program: one verb per job. The process's main thread is the training thread.
@main
struct AlignDet: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "aligndet-mpi",
        abstract:
            "Pre-trains every part of an object detector on a CPU cluster over MPI, fine-tunes it, scores it.",
        discussion: """
            EXAMPLES
              mpirun -np 2 aligndet-mpi pretrain
              mpirun -np 16 --hostfile hosts.txt aligndet-mpi pretrain configs/pretrain/aligndet_retinanet_r50_1x_coco.yaml
              mpirun -np 16 aligndet-mpi finetune configs/finetune/retinanet_r50_1x_coco.yaml --load-from CHECKPOINT
              aligndet-mpi detect CHECKPOINT photo.jpg --out drawn

            EXIT CODES
              0 done, 64 usage, 65 bad input, 66 missing input, 70 internal or ranks disagree, 73/74 output,
              75 stopped on request with a valid checkpoint (requeue), 76 a peer is silent, 77 non-finite numbers,
              78 configuration or launch
            """,
        version: ProgramVersion.text,
        subcommands: [
            Pretrain.self, Finetune.self, Evaluate.self, Score.self, Detect.self, Proposals.self,
            DataVerb.self, Checkpoint.self, Import.self, Export.self, PrintConfig.self, Plot.self,
            Doctor.self,
            Estimate.self, VerifyResume.self, SlurmScriptVerb.self, Bench.self,
        ])

    static func main() {
        Allocator.keepFreedMemory()
        do {
            try KernelChoice.apply()
            var command = try parseAsRoot(ResumeArgument.expanded(Array(CommandLine.arguments.dropFirst())))
            try command.run()
        } catch let error where isOurs(error) {
            if !LaunchEnvironment().isFirst { ErrorLine.letFirstRankSpeak() }
            ErrorLine.write("\(error)")
            Foundation.exit(ExitStatus.code(of: error))
        } catch {
            if !LaunchEnvironment().isFirst, exitCode(for: error) != .success {
                ErrorLine.letFirstRankSpeak()
            }
            exit(withError: error)
        }
    }

    /// Errors of the argument parser print themselves, with usage and the nearest flag.
    private static func isOurs(_ error: any Error) -> Bool {
        !(error is ExitCode) && !(error is ValidationError) && !(error is CleanExit)
            && exitCode(for: error) == .failure
    }
}

/// `--resume` alone means `--resume auto`, as in MMDetection.
enum ResumeArgument {
    static func expanded(_ arguments: [String]) -> [String] {
        var out: [String] = []
        for (i, argument) in arguments.enumerated() {
            out.append(argument)
            let next = i + 1 < arguments.count ? arguments[i + 1] : "--"
            if argument == "--resume", next.hasPrefix("-") { out.append("auto") }
        }
        return out
    }
}
