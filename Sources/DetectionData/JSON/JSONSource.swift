import Foundation

/// The bytes of a JSON text, mapped from a file or held in memory, and the name errors call them by.
///
/// Mapping keeps the half gigabyte of a large annotation file out of the process: ranks of one node share its
/// pages.
final class JSONSource {
    let name: String
    let base: UnsafePointer<UInt8>
    let count: Int
    private let isMapped: Bool
    /// Holds the last key that was written with escapes; see `JSONScanner.nextKey`.
    private var scratch = UnsafeMutableBufferPointer<UInt8>.allocate(capacity: 0)

    init(bytes: [UInt8], name: String) {
        self.name = name
        (base, count) = Self.copy(bytes)
        isMapped = false
    }

    init(path: String) throws(DataError) {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else {
            throw DataError(.missingInput, "\(path): cannot be opened: \(Self.systemMessage)")
        }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else {
            throw DataError(.missingInput, "\(path): cannot be examined: \(Self.systemMessage)")
        }
        let format = status.st_mode & S_IFMT
        guard format != S_IFDIR else {
            throw DataError(.missingInput, "\(path): is a folder, not a JSON file")
        }
        name = path
        guard format == S_IFREG, status.st_size > 0 else {
            // A pipe or a device has no pages to map, nor has an empty file.
            (base, count) = Self.copy(try Self.contents(of: descriptor, path: path))
            isMapped = false
            return
        }
        let size = Int(status.st_size)
        guard let pages = mmap(nil, size, PROT_READ, MAP_PRIVATE, descriptor, 0), pages != MAP_FAILED else {
            throw DataError(.missingInput, "\(path): cannot be mapped: \(Self.systemMessage)")
        }
        madvise(pages, size, Int32(MADV_SEQUENTIAL))
        base = UnsafePointer(pages.assumingMemoryBound(to: UInt8.self))
        count = size
        isMapped = true
    }

    deinit {
        if isMapped {
            munmap(UnsafeMutableRawPointer(mutating: base), count)
        } else {
            base.deallocate()
        }
        scratch.deallocate()
    }

    /// The 1-based line of a byte offset.
    func line(at offset: Int) -> Int {
        UnsafeBufferPointer(start: base, count: min(offset, count)).reduce(1) {
            $1 == UInt8(ascii: "\n") ? $0 + 1 : $0
        }
    }

    /// A copy of `bytes` that lives until the next call or the end of the source.
    func keep(_ bytes: some Collection<UInt8>) -> UnsafeBufferPointer<UInt8> {
        if scratch.count < bytes.count {
            scratch.deallocate()
            scratch = .allocate(capacity: bytes.count)
        }
        _ = scratch.initialize(fromContentsOf: bytes)
        return UnsafeBufferPointer(rebasing: scratch[..<bytes.count])
    }

    private static var systemMessage: String { String(cString: strerror(errno)) }

    private static func copy(_ bytes: [UInt8]) -> (base: UnsafePointer<UInt8>, count: Int) {
        let buffer = UnsafeMutablePointer<UInt8>.allocate(capacity: max(bytes.count, 1))
        bytes.withUnsafeBufferPointer { source in
            if let start = source.baseAddress { buffer.initialize(from: start, count: source.count) }
        }
        return (UnsafePointer(buffer), bytes.count)
    }

    private static func contents(of descriptor: Int32, path: String) throws(DataError) -> [UInt8] {
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = read(descriptor, &chunk, chunk.count)
            if count == 0 { return bytes }
            if count < 0 {
                if errno == EINTR { continue }
                throw DataError(.missingInput, "\(path): cannot be read: \(systemMessage)")
            }
            bytes += chunk[..<count]
        }
    }
}
