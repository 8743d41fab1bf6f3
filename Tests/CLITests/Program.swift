import Foundation

/// The program as it was built beside the tests.
enum Program {
    /// Where the products of the build lie.
    static let folder = Bundle.main.bundleURL.resolvingSymlinksInPath().path
    static let path = "\(folder)/aligndet-mpi"
    /// The files that come with it; `builtin:` in recipes.
    static let builtIn = "\(folder)/aligndet-mpi_AlignDetCLI.resources/BuiltIn"
    /// The project's folder.
    static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().path

    /// Where indices of data sets lie; removed when the tests end.
    private static let indexFolder: String = {
        atexit { Program.removeIndices() }
        let url = FileManager.default.temporaryDirectory.appendingPathComponent(
            "aligndet-" + UUID().uuidString)
        do { try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true) } catch {
            print("\(url.path): \(error)")
        }
        return url.path
    }()

    private static func removeIndices() {
        do { try FileManager.default.removeItem(atPath: indexFolder) } catch {
            print("\(indexFolder) stays: \(error)")
        }
    }

    /// One thread for each rank, ranks anywhere: so sixteen of them run on any machine. Root is allowed for
    /// the sake of containers.
    static var environment: [String: String] {
        var all = ProcessInfo.processInfo.environment
        all["OMP_NUM_THREADS"] = "1"
        for name in ["OMPI_ALLOW_RUN_AS_ROOT", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM"] { all[name] = "1" }
        all["OMPI_MCA_rmaps_base_oversubscribe"] = "1"
        all["OMPI_MCA_hwloc_base_binding_policy"] = "none"
        all["ALIGNDET_INDEX"] = indexFolder
        all["PATH"] = folder + ":" + (all["PATH"] ?? "/usr/bin:/bin")
        return all
    }

    /// - ranks: under `mpirun`; nil for a process of its own.
    /// - environment: `NAME=VALUE`, beside the usual one.
    static func start(
        _ arguments: [String], ranks: Int? = nil, environment: [String] = [], in folder: String
    ) throws -> RunningProgram {
        let launcher = ranks.map { ["mpirun", "-np", "\($0)", "--oversubscribe", "--bind-to", "none"] } ?? []
        // The program hears a request to stop all the same; `mpirun` would not.
        return try RunningProgram(
            environment + launcher + [path] + arguments, in: folder, blocksSignals: ranks == nil)
    }

    static func run(
        _ arguments: [String], ranks: Int? = nil, environment: [String] = [], in folder: String
    ) throws -> Outcome {
        try start(arguments, ranks: ranks, environment: environment, in: folder).finish()
    }
}

/// What a run left behind.
struct Outcome: CustomStringConvertible {
    let status: Int32
    let output: String
    let errors: String

    /// The lines by which the program says why it ends.
    var complaints: [String] {
        errors.split(separator: "\n").map(String.init).filter { $0.hasPrefix("aligndet-mpi: error: ") }
    }

    var description: String { "status \(status)\n\(output)\n\(errors)" }
}
