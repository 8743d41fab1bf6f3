internal import ArgumentParser
internal import Checkpointing
internal import Foundation

struct Checkpoint: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "ckpt", abstract: "Look into checkpoints and weight files.",
        subcommands: [Show.self, Verify.self, Diff.self])

    struct Show: ParsableCommand {
        static let configuration = CommandConfiguration(abstract: "List tensors with shapes and statistics.")

        @Argument(help: "A .safetensors.zst or .safetensors file.")
        var file: String

        @Flag(help: "Print the configuration it was written under, too.")
        var config = false

        func run() throws {
            let reader = try CheckpointReader(path: file)
            let inspection = CheckpointInspection(reader.file)
            print("\(file): \(inspection.rows.count) tensors, \(inspection.elementCount) numbers, \(inspection.byteCount) bytes")
            if let metadata = try? reader.metadata() {
                print(
                    "step \(metadata.step), epoch \(metadata.epoch), seed \(metadata.seed), program "
                        + "\(metadata.programVersion), configuration digest \(metadata.configurationDigest)")
                if config { print(metadata.configuration) }
            }
            for row in inspection.rows {
                let numbers = row.statistics.map {
                    String(format: "norm %.4g  min %.4g  max %.4g  mean %.4g", $0.norm, $0.minimum, $0.maximum, $0.mean)
                        + ($0.nonFiniteCount > 0 ? "  NON-FINITE \($0.nonFiniteCount)" : "")
                }
                print("\(row.name)  \(row.dtype.rawValue) \(row.shape)  \(numbers ?? "")")
            }
        }
    }

    struct Verify: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Check each file's seal, header and digests; exit 65 at the first damaged one.")

        @Argument(help: "Files.")
        var files: [String]

        func run() throws {
            for file in files {
                let reader = try CheckpointReader(path: file)
                print("\(file): sound, \(reader.entries.count) tensors")
            }
        }
    }

    struct Diff: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Compare two files; exit 1 where they differ.")

        @Argument var first: String
        @Argument var second: String

        func run() throws {
            let difference = CheckpointDifference(
                try CheckpointReader(path: first).file, try CheckpointReader(path: second).file)
            for row in difference.rows { print("\(row.name): \(row.kind)") }
            for key in difference.metadataKeys { print("metadata \(key) differs") }
            print("\(difference.equalCount) tensors are equal, \(difference.rows.count) differ")
            if !difference.rows.isEmpty { throw ExitCode(1) }
        }
    }
}
