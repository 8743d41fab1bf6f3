import Foundation

/// Whole files in memory, with errors that name the file and the system's reason.
enum FileBytes {
    /// No image file comes near; it keeps a mistaken path from filling the memory.
    private static let byteLimit = 1 << 30

    /// The first `limit` bytes of the regular file at `path`, all of it if `limit` is nil.
    static func read(_ path: String, limit: Int? = nil) throws(DataError) -> (bytes: [UInt8], isWhole: Bool) {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw failure(path, "cannot be opened") }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw failure(path, "cannot be read") }
        guard status.st_mode & S_IFMT == S_IFREG else {
            throw DataError(.missingInput, "\(path): not a regular file")
        }
        let size = Int(status.st_size)
        guard size <= byteLimit else {
            throw DataError(
                .badInput, "\(path): \(size) bytes, more than the limit of \(byteLimit) for an image file")
        }
        let wanted = min(size, limit ?? size)
        var errorNumber: Int32 = 0
        let bytes = [UInt8](unsafeUninitializedCapacity: wanted) { buffer, count in
            while count < wanted {
                let got = Foundation.read(descriptor, buffer.baseAddress! + count, wanted - count)
                if got > 0 {
                    count += got
                } else if got == 0 {
                    return
                } else if errno != EINTR {
                    errorNumber = errno
                    return
                }
            }
        }
        guard errorNumber == 0 else { throw failure(path, "cannot be read", errorNumber) }
        return (bytes, wanted == size)
    }

    /// Writes `bytes` beside `path` and renames the file into place, so that no reader sees half of it.
    static func write(_ bytes: UnsafeRawBufferPointer, to path: String) throws(DataError) {
        let temporary = "\(path).\(getpid()).tmp"
        let descriptor = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o666)
        guard descriptor >= 0 else { throw failure(path, "cannot be created", kind: .output) }
        var written = 0
        var errorNumber: Int32 = 0
        while written < bytes.count, errorNumber == 0 {
            let got = Foundation.write(descriptor, bytes.baseAddress! + written, bytes.count - written)
            if got >= 0 {
                written += got
            } else if errno != EINTR {
                errorNumber = errno
            }
        }
        if close(descriptor) != 0, errorNumber == 0 { errorNumber = errno }
        if errorNumber == 0, rename(temporary, path) != 0 { errorNumber = errno }
        guard errorNumber != 0 else { return }
        unlink(temporary)
        throw failure(path, "cannot be written", errorNumber, kind: .output)
    }

    private static func failure(
        _ path: String, _ what: String, _ number: Int32 = errno, kind: DataError.Kind = .missingInput
    ) -> DataError {
        DataError(kind, "\(path): \(what): \(String(cString: strerror(number)))")
    }
}
