internal import Collectives
internal import Foundation
internal import Synchronization

/// Whether a folder keeps what checkpoints rest on: files that are there on every host, that replace each other whole,
/// and that only one process can create.
struct FileSystemProbe {
    private static let pieceByteCount = 4096
    private static let replacementCount: UInt8 = 100
    private static let patienceSeconds = 10.0

    let folder: String
    let communicator: any Communicator

    private var rank: Int { communicator.topology.rank }
    private var probePath: String { "\(folder)/.doctor-probe" }
    private var lockPath: String { "\(folder)/.doctor-lock" }

    /// All ranks call it.
    /// - Returns: on rank 0 a description and what is wrong, elsewhere nothing.
    func run() throws -> (description: String, findings: [String]) {
        let isNew = rank == 0 && !FileManager.default.fileExists(atPath: folder)
        var complaint = rank == 0 ? prepare() : nil
        let start = ContinuousClock.now
        let isReady =
            try communicator.reduced(Int64(complaint == nil ? 0 : 1), .maximum, label: "work folder") == 0
        if isReady {
            try communicator.barrier(label: "work folder")
            complaint = race()
            let creators = try communicator.reduced(Int64(createLock() ? 1 : 0), .sum, label: "lock")
            if creators != 1, rank == 0, complaint == nil {
                complaint =
                    "\(creators) processes created the same file: choose a --work-dir on a file system that all hosts share"
            }
        }
        let reports = try communicator.gather([UInt8]((complaint ?? "").utf8), label: "work folder") ?? []
        let description = describe(
            isSound: reports.allSatisfy(\.isEmpty), (ContinuousClock.now - start) / .seconds(1))
        let shortage = room()
        if rank == 0 { for path in [probePath, probePath + "-new", lockPath] { unlink(path) } }
        if isNew { rmdir(folder) }
        var findings: [String] = []
        for report in reports.map({ String(decoding: $0, as: UTF8.self) }) where !report.isEmpty {
            if !findings.contains(report) { findings.append(report) }
        }
        return (description, findings.map { "work folder \(folder): \($0)" } + shortage)
    }

    /// The first probe file, in a folder that is made if need be.
    private func prepare() -> String? {
        do {
            try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        } catch {
            return "\(error.localizedDescription): choose another --work-dir"
        }
        unlink(lockPath)
        return Self.replace(probePath, in: folder, with: 1)
    }

    /// Writes a file beside the probe, syncs it and lets it take the probe's place.
    private static func replace(_ path: String, in folder: String, with byte: UInt8) -> String? {
        let bytes = [UInt8](repeating: byte, count: pieceByteCount)
        func failure(_ call: String) -> String {
            "\(call): \(String(cString: strerror(errno))): choose a --work-dir on another file system"
        }
        let descriptor = open(path + "-new", O_WRONLY | O_CREAT | O_TRUNC, 0o644)
        guard descriptor >= 0 else { return failure("open") }
        defer { close(descriptor) }
        guard write(descriptor, bytes, bytes.count) == bytes.count else { return failure("write") }
        guard fsync(descriptor) == 0 else { return failure("fsync") }
        guard rename(path + "-new", path) == 0 else { return failure("rename") }
        let parent = open(folder, O_RDONLY | O_DIRECTORY)
        guard parent >= 0 else { return failure("open of the folder") }
        defer { close(parent) }
        return fsync(parent) == 0 ? nil : failure("fsync of the folder")
    }

    /// Rank 0 replaces the probe again and again while all ranks read it; none may see half a file, or none.
    private func race() -> String? {
        let failure = FirstFailure()
        let writer = Thread { [probePath, folder] in
            for byte in 2...Self.replacementCount {
                guard let text = Self.replace(probePath, in: folder, with: byte) else { continue }
                failure.note(text)
                return
            }
        }
        if rank == 0 { writer.start() }
        var complaint: String?
        let start = ContinuousClock.now
        while complaint == nil {
            if let text = failure.text { return text }
            guard let data = FileManager.default.contents(atPath: probePath), let first = data.first else {
                complaint =
                    "host \(communicator.topology.hostName) does not see rank 0's file: choose a --work-dir that all hosts share"
                break
            }
            if data.count != Self.pieceByteCount || data.contains(where: { $0 != first }) {
                complaint =
                    "a file was seen half replaced: choose a --work-dir whose file system renames atomically"
            }
            if first == Self.replacementCount { break }
            if (ContinuousClock.now - start) / .seconds(1) > Self.patienceSeconds {
                complaint =
                    "host \(communicator.topology.hostName) still sees an old file after \(Self.patienceSeconds) s: mount "
                    + "it with shorter caching (NFS: actimeo=1)"
            }
        }
        return complaint
    }

    /// What the writing thread tells the reading one.
    private final class FirstFailure: Sendable {
        private let state = Mutex<String?>(nil)
        var text: String? { state.withLock { $0 } }
        func note(_ text: String) { state.withLock { $0 = text } }
    }

    private func createLock() -> Bool {
        let descriptor = open(lockPath, O_WRONLY | O_CREAT | O_EXCL, 0o644)
        guard descriptor >= 0 else { return false }
        close(descriptor)
        return true
    }

    private func describe(isSound: Bool, _ seconds: Double) -> String {
        let sync = String(format: "%.1f ms", 1e3 * seconds / Double(Self.replacementCount))
        return "work folder: \(folder) on \(FileSystemKind.name(of: folder)), "
            + "\(FileSystemKind.freeByteCount(of: folder) >> 30) GB free"
            + (isSound ? ", replaces files whole, creates them once, \(sync) for each synced file" : "")
    }

    /// Too little room for a few checkpoints.
    private func room() -> [String] {
        let free = FileSystemKind.freeByteCount(of: folder)
        guard rank == 0, free < 2 << 30 else { return [] }
        return [
            "work folder \(folder): \(free >> 20) MB free, checkpoints want 2 GB: lower run.keep or make room"
        ]
    }
}
