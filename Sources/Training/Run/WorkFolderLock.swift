internal import Dispatch
internal import Foundation
package import Logging
internal import Synchronization

/// One run at a time in a work folder: a file that its holder keeps locked and signs every few seconds.
///
/// The kernel's lock vanishes with its holder, however that ends, and is enough on one host. Where the folder is shared
/// and hosts do not see each other's locks, a holder elsewhere is told from a dead one by watching its signature.
package final class WorkFolderLock {
    static let fileName = "run.lock"
    private static let recordByteCount = 256

    private let path: String
    private let descriptor: Int32
    private let stopped = DispatchSemaphore(value: 0)
    private let ended = DispatchSemaphore(value: 0)

    /// Makes the folder if it is not there, and takes its lock.
    /// - beatSeconds: between signatures.
    /// - Throws: kind `configuration` if another run holds it, `output` if the folder cannot be written.
    package init(folder: String, log: Logger, beatSeconds: Double = 2) throws {
        path = "\(folder)/\(Self.fileName)"
        do {
            try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        } catch {
            throw Self.unwritable(folder, error.localizedDescription)
        }
        let (path, host) = (path, ProcessInfo.processInfo.hostName)
        let own = "\(host) \(getpid())"
        let (descriptor, isNew) = try Self.openLocked(path, folder)
        self.descriptor = descriptor
        let before = Self.read(path)
        if !isNew, before?.holder != own {
            // Without a signature yet, or in the middle of one, it may be a holder elsewhere as well.
            if before?.host != host, let signer = Self.signer(path, since: before, seconds: 3 * beatSeconds) {
                close(descriptor)
                throw Self.held(folder, by: signer.holder)
            }
            log.warning("\(folder): taking over from process \(before?.holder ?? "unknown"), which is gone")
        }
        Self.sign(descriptor, own, 0)
        Thread.detachNewThread { [stopped, ended] in
            var count = 0
            while stopped.wait(timeout: .now() + beatSeconds) == .timedOut {
                count += 1
                // A folder that was deleted or replaced is not this run's any more; nothing is written elsewhere.
                if Self.isSame(descriptor, path) { Self.sign(descriptor, own, count) }
            }
            ended.signal()
        }
    }

    /// Gives the folder free; once only.
    package func release() {
        stopped.signal()
        ended.wait()
        if Self.isSame(descriptor, path) { unlink(path) }
        close(descriptor)
    }

    private struct Record: Equatable {
        let host: String
        let process: String
        let count: String
        var holder: String { "\(host) \(process)" }
    }

    // MARK: The kernel's lock

    /// - Returns: the file, and whether nobody had it before.
    private static func openLocked(
        _ path: String, _ folder: String
    ) throws -> (descriptor: Int32, isNew: Bool) {
        while true {
            var descriptor = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0o644)
            let isNew = descriptor >= 0
            if !isNew, errno == EEXIST { descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o644) }
            guard descriptor >= 0 else { throw unwritable(folder, String(cString: strerror(errno))) }
            if flock(descriptor, LOCK_EX | LOCK_NB) != 0, errno == EWOULDBLOCK {
                close(descriptor)
                throw held(folder, by: read(path)?.holder ?? "unknown")
            }
            // File systems without such locks are left to the signature. A holder that just ended took the file along.
            if isSame(descriptor, path) { return (descriptor, isNew) }
            close(descriptor)
        }
    }

    private static func isSame(_ descriptor: Int32, _ path: String) -> Bool {
        var (open, named) = (stat(), stat())
        return fstat(descriptor, &open) == 0 && stat(path, &named) == 0 && open.st_ino == named.st_ino
            && open.st_dev == named.st_dev
    }

    // MARK: The signature

    private static func sign(_ descriptor: Int32, _ holder: String, _ count: Int) {
        let text = "\(holder) \(count)"
        let record =
            [UInt8](text.utf8) + [UInt8](repeating: 32, count: max(0, recordByteCount - text.utf8.count - 1))
            + [10]
        // A full disk is no reason to end a run: the kernel's lock still holds.
        _ = pwrite(descriptor, record, record.count, 0)
        fsync(descriptor)
    }

    private static func read(_ path: String) -> Record? {
        guard let text = try? String(contentsOfFile: path, encoding: .utf8) else { return nil }
        let words = text.split(whereSeparator: \.isWhitespace).map(String.init)
        return words.count == 3 ? Record(host: words[0], process: words[1], count: words[2]) : nil
    }

    /// Who signs while one watches; nil if nobody does.
    private static func signer(_ path: String, since before: Record?, seconds: Double) -> Record? {
        let start = ContinuousClock.now
        while (ContinuousClock.now - start) / .seconds(1) < seconds {
            if let now = read(path), now != before { return now }
            usleep(50_000)
        }
        return nil
    }

    // MARK: Errors

    private static func held(_ folder: String, by holder: String) -> TrainingError {
        TrainingError(
            .configuration, "\(folder): another run works there (host and process \(holder))",
            hint: "choose another folder with --work-dir, or end that run first")
    }

    private static func unwritable(_ folder: String, _ reason: String) -> TrainingError {
        TrainingError(
            .output, "\(folder): \(reason)", hint: "choose a folder that can be written with --work-dir")
    }
}
