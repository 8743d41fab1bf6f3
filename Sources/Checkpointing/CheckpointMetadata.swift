/// What a checkpoint says about the run that wrote it; in the file, a map of texts.
package struct CheckpointMetadata: Sendable, Equatable {
    /// Optimizer steps done.
    package var step: Int
    /// Passes over the data set begun, counted from 0.
    package var epoch: Int
    package var seed: UInt64
    /// The merged configuration in YAML, which loads again.
    package var configuration: String
    package var configurationDigest: String
    package var programVersion: String
    /// Further entries under names of the caller's, none of them one of those above or `digest.*`.
    package var extra: [String: String]

    static let format = "aligndet-mpi checkpoint"
    static let formatVersion = 1

    /// Where the digest of the tensor `name` stands, XXH64 of its bytes.
    static func digestKey(_ name: String) -> String { "digest." + name }

    private enum Key: String, CaseIterable {
        case format, step, epoch, seed, configuration
        case formatVersion = "format_version"
        case configurationDigest = "configuration_digest"
        case programVersion = "program_version"
    }

    package init(
        step: Int, epoch: Int, seed: UInt64, configuration: String, configurationDigest: String,
        programVersion: String, extra: [String: String] = [:]
    ) {
        self.step = step
        self.epoch = epoch
        self.seed = seed
        self.configuration = configuration
        self.configurationDigest = configurationDigest
        self.programVersion = programVersion
        self.extra = extra
    }

    /// Whether a file's metadata are of this kind at all.
    static func isPresent(in file: [String: String]) -> Bool { file[Key.format.rawValue] == format }

    /// - path: names the file in errors.
    init(_ file: [String: String], path: String) throws(CheckpointError) {
        guard Self.isPresent(in: file) else {
            throw CheckpointError(
                .mismatch, path: path, "holds weights but is no training checkpoint",
                hint: "start from it with --load-from; only a checkpoint can be resumed")
        }
        func text(_ key: Key) throws(CheckpointError) -> String {
            guard let value = file[key.rawValue] else {
                throw CheckpointError(.damaged, path: path, "metadata lack '\(key.rawValue)'")
            }
            return value
        }
        func number<N: FixedWidthInteger>(_ key: Key) throws(CheckpointError) -> N {
            let value = try text(key)
            guard let number = N(value), number >= 0 else {
                throw CheckpointError(
                    .damaged, path: path, "metadata '\(key.rawValue)' is '\(value)', not a count")
            }
            return number
        }
        let version: Int = try number(.formatVersion)
        guard version <= Self.formatVersion else {
            throw CheckpointError(
                .mismatch, path: path,
                "format version \(version), and this program reads up to \(Self.formatVersion)",
                hint: "use the program that wrote it, or a newer one")
        }
        step = try number(.step)
        epoch = try number(.epoch)
        seed = try number(.seed)
        configuration = try text(.configuration)
        configurationDigest = try text(.configurationDigest)
        programVersion = try text(.programVersion)
        let known = Set(Key.allCases.map(\.rawValue))
        extra = file.filter { !known.contains($0.key) && !$0.key.hasPrefix(Self.digestKey("")) }
    }

    /// As it stands in the file, digests excepted.
    var dictionary: [String: String] {
        var result = extra
        let own: [Key: String] = [
            .format: Self.format, .formatVersion: String(Self.formatVersion), .step: String(step),
            .epoch: String(epoch), .seed: String(seed), .configuration: configuration,
            .configurationDigest: configurationDigest, .programVersion: programVersion,
        ]
        for (key, value) in own {
            precondition(result[key.rawValue] == nil, "extra metadata take the name '\(key.rawValue)'")
            result[key.rawValue] = value
        }
        return result
    }
}
