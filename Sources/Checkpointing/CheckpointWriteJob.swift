import Dispatch
import Foundation
import Synchronization

/// One checkpoint on its way to disk.
final class CheckpointWriteJob: Sendable {
    private struct Outcome {
        var error: CheckpointError?
        var processorSeconds = 0.0
    }

    private let snapshot: CheckpointSnapshot
    private let purpose: CheckpointWriter.Purpose
    private let folder: String
    private let keep: Int
    private let level: Int32
    private let calls: FileCalls
    private let outcome = Mutex(Outcome())
    private let done = DispatchSemaphore(value: 0)

    init(
        _ snapshot: CheckpointSnapshot, _ purpose: CheckpointWriter.Purpose, folder: String, keep: Int,
        level: Int32,
        calls: FileCalls
    ) {
        self.snapshot = snapshot
        self.purpose = purpose
        self.folder = folder
        self.keep = keep
        self.level = level
        self.calls = calls
    }

    func start() {
        Thread.detachNewThread {
            var error: CheckpointError?
            do throws(CheckpointError) {
                try self.run()
            } catch let failure {
                error = failure
            }
            var time = timespec()
            clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
            let seconds = Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
            self.outcome.withLock { $0 = Outcome(error: error, processorSeconds: seconds) }
            self.done.signal()
        }
    }

    /// Returns when the thread has nothing left to do; call once.
    func wait() { done.wait() }

    /// Why the checkpoint is not on disk; nil while nothing is known against it.
    var error: CheckpointError? { outcome.withLock { $0.error } }

    /// After `wait`.
    var processorSeconds: Double { outcome.withLock { $0.processorSeconds } }

    private func run() throws(CheckpointError) {
        let step = Checkpoints.stepPrefix + String(snapshot.metadata.step)
        switch purpose {
        case .step:
            try write(step, movesPointer: true)
            try remove(
                Checkpoints.files(in: folder).filter { $0.isStep && $0.name != step + Checkpoints.suffix },
                beyond: keep - 1)
        case .best(let score, let keep):
            try write(Checkpoints.bestName(score: score, step: step), movesPointer: false)
            let best = try Checkpoints.files(in: folder).filter { $0.bestScore != nil }
            // Sorting keeps the order of equals: newest first.
            try remove(best.sorted { ($0.bestScore ?? 0) > ($1.bestScore ?? 0) }, beyond: keep)
        case .named(let name):
            try write(name, movesPointer: true)
        }
    }

    private func write(_ name: String, movesPointer: Bool) throws(CheckpointError) {
        let fileName = name + Checkpoints.suffix
        try SafetensorsFile.writePacked(
            snapshot.entries, metadata: snapshot.fileMetadata, to: "\(folder)/\(fileName)", level: level,
            calls: calls)
        guard movesPointer else { return }
        let pointer = try AtomicFile(path: "\(folder)/\(Checkpoints.pointerName)", calls: calls)
        try pointer.write([UInt8]("\(fileName)\n".utf8)[...])
        try pointer.commit()
    }

    private func remove(_ files: [Checkpoints.File], beyond count: Int) throws(CheckpointError) {
        for file in files.dropFirst(count) {
            let path = "\(folder)/\(file.name)"
            guard unlink(path) == 0 || errno == ENOENT else {
                throw CheckpointError(.output, path: path, "cannot be removed: \(AtomicFile.lastErrorText)")
            }
        }
    }
}
