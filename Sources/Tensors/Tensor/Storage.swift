/// A block of memory that tensors share; returns to the pool with its last reader.
package final class Storage {
    let base: UnsafeMutableRawPointer
    private let byteCount: Int

    init(byteCount: Int) {
        self.byteCount = BufferPool.roundedSize(byteCount)
        base = BufferPool.shared.take(self.byteCount)
    }

    deinit { BufferPool.shared.giveBack(base, byteCount: byteCount) }
}
