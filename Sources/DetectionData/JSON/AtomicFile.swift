import Foundation

/// Files that are there whole or not at all, whatever happens while they are written.
package enum AtomicFile {
    /// Writes `bytes` beside `path`, syncs, renames over `path` and syncs the folder.
    ///
    /// What stood at `path` before stays until the rename; on any error the temporary file is removed.
    package static func write(_ bytes: [UInt8], path: String) throws(DataError) {
        try write(path: path) { sink throws(DataError) in try sink(bytes) }
    }

    /// The same for a file too large to be held: `body` hands over piece after piece.
    package static func write(
        path: String, _ body: (_ sink: ([UInt8]) throws(DataError) -> Void) throws(DataError) -> Void
    ) throws(DataError) {
        let temporary = "\(path).\(getpid()).partial"
        let descriptor = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o666)
        guard descriptor >= 0 else { throw failure("cannot be created", temporary) }
        do throws(DataError) {
            try body { bytes throws(DataError) in try write(bytes, to: descriptor, temporary) }
            guard fsync(descriptor) == 0 else { throw failure("cannot be written", temporary) }
        } catch {
            close(descriptor)
            unlink(temporary)
            throw error
        }
        // Some network file systems report a full disk only here.
        guard close(descriptor) == 0, rename(temporary, path) == 0 else {
            let error = failure("cannot be put in place", path)
            unlink(temporary)
            throw error
        }
        syncFolder(of: path)
    }

    private static func write(_ bytes: [UInt8], to descriptor: Int32, _ path: String) throws(DataError) {
        let count = bytes.count
        var written = 0
        while written < count {
            let step = bytes.withUnsafeBytes { buffer in
                Foundation.write(descriptor, buffer.baseAddress.map { $0 + written }, count - written)
            }
            if step < 0 {
                if errno == EINTR { continue }
                throw failure("cannot be written", path)
            }
            written += step
        }
    }

    /// Makes the rename itself durable; a file system that cannot do so has renamed all the same.
    private static func syncFolder(of path: String) {
        let folder = URL(fileURLWithPath: path).deletingLastPathComponent().path
        let descriptor = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { return }
        fsync(descriptor)
        close(descriptor)
    }

    private static func failure(_ what: String, _ path: String) -> DataError {
        let code = errno
        let hint = code == ENOSPC || code == EDQUOT ? "free some space; the file of before is untouched" : nil
        return DataError(.output, "\(path): \(what): \(String(cString: strerror(code)))", hint: hint)
    }
}
