internal import COneDNN

/// Built oneDNN convolutions by shape. Bounded: past the limit the least recently used tenth is dropped, so that
/// multi-scale training does not grow without end.
final class PrimitiveCache {
    nonisolated(unsafe) static let shared = PrimitiveCache(capacity: 4096)

    final class Entry {
        let handle: OpaquePointer
        let packedByteCount: Int
        let layout: Int64
        var lastUse: UInt64 = 0

        init(handle: OpaquePointer) {
            self.handle = handle
            packedByteCount = cdnnl_convolution_packed_size(handle)
            layout = cdnnl_convolution_layout(handle)
        }

        deinit { cdnnl_convolution_destroy(handle) }
    }

    private let capacity: Int
    private var entries: [ConvolutionShape: Entry] = [:]
    private var clock: UInt64 = 0
    private(set) var missCount = 0

    init(capacity: Int) { self.capacity = capacity }

    func entry(_ shape: ConvolutionShape) -> Entry {
        clock += 1
        if let found = entries[shape] {
            found.lastUse = clock
            return found
        }
        missCount += 1
        var status: Int32 = 0
        var native = shape.native
        guard let handle = cdnnl_convolution_create(&native, &status) else {
            preconditionFailure("oneDNN has no convolution for \(shape): \(String(cString: cdnnl_status_text(status)))")
        }
        if entries.count >= capacity {
            let oldest = entries.sorted { $0.value.lastUse < $1.value.lastUse }.prefix(capacity / 10)
            for (key, _) in oldest { entries[key] = nil }
        }
        let made = Entry(handle: handle)
        made.lastUse = clock
        entries[shape] = made
        return made
    }
}
