import Foundation

/// The bytes of a file as the kernel maps them: what is not looked at is not read.
///
/// Nothing here checks bounds; who reads must have checked them against `count`.
final class MappedFile {
    let path: String
    let bytes: UnsafeRawBufferPointer

    init(path: String) throws(CheckpointError) {
        self.path = path
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else {
            let hint = errno == ENOENT ? "check the path" : nil
            throw CheckpointError(
                .missing, path: path, "cannot be opened: \(AtomicFile.lastErrorText)", hint: hint)
        }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
            throw CheckpointError(.missing, path: path, "is not a regular file", hint: "check the path")
        }
        let count = Int(status.st_size)
        guard count > 0 else {
            bytes = UnsafeRawBufferPointer(start: nil, count: 0)
            return
        }
        guard let start = mmap(nil, count, PROT_READ, MAP_PRIVATE, descriptor, 0), start != MAP_FAILED else {
            throw CheckpointError(.missing, path: path, "cannot be mapped: \(AtomicFile.lastErrorText)")
        }
        bytes = UnsafeRawBufferPointer(start: start, count: count)
    }

    deinit {
        if let start = bytes.baseAddress {
            munmap(UnsafeMutableRawPointer(mutating: start), bytes.count)
        }
    }

    var count: Int { bytes.count }

    /// - range: inside the file.
    func slice(_ range: Range<Int>) -> UnsafeRawBufferPointer {
        precondition(range.lowerBound >= 0 && range.upperBound <= count, "\(range) of \(count) bytes")
        return UnsafeRawBufferPointer(rebasing: bytes[range])
    }

    /// A little-endian number; its bytes lie inside the file.
    func number<N: FixedWidthInteger & BitwiseCopyable>(_ type: N.Type, at position: Int) -> N {
        let bytes = slice(position..<(position + MemoryLayout<N>.size))
        return N(littleEndian: bytes.loadUnaligned(as: N.self))
    }

    /// Whether the file has exactly these bytes at `position`.
    func holds(_ expected: [UInt8], at position: Int) -> Bool {
        position >= 0 && position <= count - expected.count
            && slice(position..<(position + expected.count)).elementsEqual(expected)
    }

    /// UTF-8, or `nil` where the bytes are something else.
    func text(_ range: Range<Int>) -> String? { String(validating: slice(range), as: UTF8.self) }

    /// The file cannot be used because of what stands at a byte.
    func damage(_ message: String, at position: Int, hint: String? = nil) -> CheckpointError {
        CheckpointError(.damaged, path: path, "\(message) at byte \(position)", hint: hint)
    }
}
