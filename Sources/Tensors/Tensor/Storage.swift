/// A block of memory that tensors share; returns to the pool with its last reader.
package final class Storage {
    let base: UnsafeMutableRawPointer
    /// Bytes taken from the pool; nil for memory of somebody else.
    private let byteCount: Int?

    init(byteCount: Int) {
        let rounded = BufferPool.roundedSize(byteCount)
        self.byteCount = rounded
        base = BufferPool.shared.take(rounded)
    }

    /// Memory that its owner keeps as long as tensors in it are used.
    init(borrowing base: UnsafeMutableRawPointer) {
        self.base = base
        byteCount = nil
    }

    deinit { if let byteCount { BufferPool.shared.giveBack(base, byteCount: byteCount) } }
}
