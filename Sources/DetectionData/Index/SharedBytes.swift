import Foundation

/// Memory that never changes: a mapped file, whose pages all processes of a node share, or this process's own.
final class SharedBytes: Sendable {
    /// Never written through.
    nonisolated(unsafe) let base: UnsafeRawPointer
    let count: Int
    private let isMapped: Bool

    /// Memory of this process, zero but for what `fill` writes.
    init(count: Int, filling fill: (UnsafeMutableRawBufferPointer) -> Void) {
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: max(count, 1), alignment: 64)
        buffer.initializeMemory(as: UInt8.self, repeating: 0)
        fill(UnsafeMutableRawBufferPointer(rebasing: buffer[..<count]))
        base = UnsafeRawPointer(buffer.baseAddress!)
        self.count = count
        isMapped = false
    }

    /// The regular file at `path`; nil where there is none that can be mapped.
    init?(mapping path: String) {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG, status.st_size > 0,
            let pages = mmap(nil, Int(status.st_size), PROT_READ, MAP_SHARED, descriptor, 0),
            pages != MAP_FAILED
        else { return nil }
        base = UnsafeRawPointer(pages)
        count = Int(status.st_size)
        isMapped = true
    }

    deinit {
        if isMapped {
            munmap(UnsafeMutableRawPointer(mutating: base), count)
        } else {
            base.deallocate()
        }
    }

    /// `count` numbers from a byte offset on, which has to be a multiple of their alignment.
    func array<Element: BitwiseCopyable>(_ type: Element.Type, at offset: Int, count elementCount: Int)
        -> UnsafeBufferPointer<Element>
    {
        precondition(
            offset >= 0 && elementCount >= 0
                && elementCount <= (count - offset) / MemoryLayout<Element>.stride,
            "\(elementCount) elements at \(offset) of \(count) bytes")
        return UnsafeBufferPointer(
            start: (base + offset).assumingMemoryBound(to: Element.self), count: elementCount)
    }

    /// Tells contents apart from `offset` on, which is a multiple of 8 like their count; guards against no attacker.
    static func digest(_ bytes: UnsafeRawBufferPointer, from offset: Int) -> UInt64 {
        var digest: UInt64 = 0xcbf2_9ce4_8422_2325
        for place in stride(from: offset, to: bytes.count, by: 8) {
            digest = (digest ^ bytes.load(fromByteOffset: place, as: UInt64.self)) &* 0x9e37_79b9_7f4a_7c15
            digest ^= digest >> 32
        }
        return digest
    }

    var raw: UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: base, count: count) }
}
