import Foundation

/// A file that appears under its name complete or not at all, even if the machine stops half-way.
///
/// It grows as `NAME.tmp` in the same folder; `commit` syncs it, renames it and syncs the folder. Dropped
/// without `commit` it vanishes, and a file that had the name before is untouched.
final class AtomicFile {
    let path: String
    private let temporaryPath: String
    private let calls: FileCalls
    private var descriptor: Int32
    /// Bytes written so far.
    private(set) var byteCount = 0

    static let temporarySuffix = ".tmp"

    init(path: String, calls: FileCalls = .system) throws(CheckpointError) {
        self.path = path
        self.calls = calls
        temporaryPath = path + Self.temporarySuffix
        descriptor = open(temporaryPath, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else {
            throw CheckpointError(.creation, path: temporaryPath, "cannot be created: \(Self.lastErrorText)")
        }
    }

    deinit {
        guard descriptor >= 0 else { return }
        close(descriptor)
        unlink(temporaryPath)
    }

    static var lastErrorText: String { String(cString: strerror(errno)) }

    private func failure(_ what: String) -> CheckpointError {
        let text = Self.lastErrorText
        return CheckpointError(.output, path: path, "\(what) after \(byteCount) bytes: \(text)")
    }

    func write(_ bytes: ArraySlice<UInt8>) throws(CheckpointError) {
        var rest = bytes
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { calls.write(descriptor, $0.baseAddress, $0.count) }
            if count < 0 && errno == EINTR { continue }
            guard count > 0 else { throw failure("cannot be written on") }
            byteCount += count
            rest = rest.dropFirst(count)
        }
    }

    func commit() throws(CheckpointError) {
        guard calls.sync(descriptor) == 0 else { throw failure("cannot be brought to disk") }
        let status = close(descriptor)
        let isRenamed = status == 0 && calls.rename(temporaryPath, path) == 0
        if !isRenamed {
            let error = failure("cannot be put in place")
            unlink(temporaryPath)
            descriptor = -1
            throw error
        }
        descriptor = -1
        try syncFolder()
    }

    private func syncFolder() throws(CheckpointError) {
        let folder = (path as NSString).deletingLastPathComponent
        let handle = open(folder.isEmpty ? "." : folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard handle >= 0 else { throw failure("its folder cannot be opened") }
        defer { close(handle) }
        // File systems that cannot sync a folder say EINVAL; they order the rename themselves.
        guard calls.sync(handle) == 0 || errno == EINVAL else {
            throw failure("its folder cannot be brought to disk")
        }
    }
}
