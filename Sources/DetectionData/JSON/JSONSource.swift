import Foundation

/// The bytes of a JSON text, mapped from a file or held in memory, and the name errors call them by.
///
/// Mapping keeps the half gigabyte of a large annotation file out of the process: ranks of one node share its
/// pages. Nothing in it changes, so that threads may read it together.
final class JSONSource: Sendable {
    let name: String
    /// Never written through.
    nonisolated(unsafe) let base: UnsafePointer<UInt8>
    let count: Int
    private let isMapped: Bool

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
    }

    /// The 1-based line of a byte offset.
    func line(at offset: Int) -> Int {
        UnsafeBufferPointer(start: base, count: min(offset, count)).reduce(1) {
            $1 == UInt8(ascii: "\n") ? $0 + 1 : $0
        }
    }

    /// Lets go of the pages of a stretch; read again, they come back from the file.
    func release(from start: Int, until end: Int) {
        guard isMapped else { return }
        let page = Int(getpagesize())
        let (first, last) = ((start + page - 1) / page * page, end / page * page)
        guard first < last else { return }
        madvise(UnsafeMutableRawPointer(mutating: base + first), last - first, Int32(MADV_DONTNEED))
    }

    /// Offsets that cut a list of objects into about equal parts: where an object seems to begin after another one, as
    /// "}, {" does, which a string may hold too. A reader has to see whether it gets there between two elements.
    func elementStarts(partCount: Int) -> [Int] {
        var starts: [Int] = []
        for part in 1..<max(partCount, 1) {
            let from = max(part * (count / partCount), starts.last ?? 0)
            guard let start = elementStart(after: from) else { break }
            if start > starts.last ?? 0 { starts.append(start) }
        }
        return starts
    }

    private func elementStart(after offset: Int) -> Int? {
        // No entry of a results file is longer.
        let end = min(count, offset + 1 << 22)
        var position = offset
        while position < end {
            guard base[position] == UInt8(ascii: "}") else {
                position += 1
                continue
            }
            var next = position + 1
            var commas = 0
            while next < end, base[next] <= 0x20 || base[next] == UInt8(ascii: ",") {
                if base[next] == UInt8(ascii: ",") { commas += 1 }
                next += 1
            }
            if commas == 1, next < end, base[next] == UInt8(ascii: "{") { return next }
            position += 1
        }
        return nil
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
