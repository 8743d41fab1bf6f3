import Dispatch
import Foundation
import Synchronization

/// One checkpoint on its way to disk.
final class CheckpointWriteJob: Sendable {
    private let snapshot: CheckpointSnapshot
    private let name: String
    private let folder: String
    private let keep: Int
    private let level: Int32
    private let failure = Mutex<CheckpointError?>(nil)
    private let done = DispatchSemaphore(value: 0)

    init(_ snapshot: CheckpointSnapshot, name: String, folder: String, keep: Int, level: Int32) {
        self.snapshot = snapshot
        self.name = name
        self.folder = folder
        self.keep = keep
        self.level = level
    }

    func start() {
        Thread.detachNewThread {
            do throws(CheckpointError) {
                try self.run()
            } catch {
                self.failure.withLock { $0 = error }
            }
            self.done.signal()
        }
    }

    /// Returns when the thread has nothing left to do; call once.
    func wait() { done.wait() }

    /// After `wait`: why the checkpoint is not on disk.
    var error: CheckpointError? { failure.withLock { $0 } }

    private func run() throws(CheckpointError) {
        let fileName = name + Checkpoints.suffix
        try SafetensorsFile.writePacked(
            snapshot.entries, metadata: snapshot.fileMetadata, to: "\(folder)/\(fileName)", level: level)
        let pointer = try AtomicFile(path: "\(folder)/\(Checkpoints.pointerName)")
        try pointer.write([UInt8]("\(fileName)\n".utf8)[...])
        try pointer.commit()
        try removeOld(except: fileName)
    }

    private func removeOld(except newest: String) throws(CheckpointError) {
        let old = try Checkpoints.files(in: folder).filter { $0.isStep && $0.name != newest }
        for file in old.dropFirst(keep - 1) {
            let path = "\(folder)/\(file.name)"
            guard unlink(path) == 0 || errno == ENOENT else {
                throw CheckpointError(.output, path: path, "cannot be removed: \(AtomicFile.lastErrorText)")
            }
        }
    }
}
