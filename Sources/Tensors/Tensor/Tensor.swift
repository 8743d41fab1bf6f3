/// A dense array of numbers: a shape over a slice of shared storage, always contiguous, last axis fastest.
///
/// Feature maps are `[N, H, W, C]`, so a map *is* the matrix `[N*H*W, C]` and reshaping between the two is free.
/// Values are never written after an operation has made them, except by kernels on tensors they own, by optimizers
/// and by running statistics. Not `Sendable`: tensors stay on the training thread.
package struct Tensor {
    package let shape: [Int]
    package let dtype: DType
    var storage: Storage
    /// First element's position in `storage`, in elements.
    let offset: Int

    init(shape: [Int], dtype: DType = .float32, storage: Storage, offset: Int) {
        self.shape = shape
        self.dtype = dtype
        self.storage = storage
        self.offset = offset
    }

    /// Memory as the pool left it: for kernels that write every element.
    package init(uninitialized shape: [Int], dtype: DType = .float32) {
        let count = shape.reduce(1, *)
        self.init(
            shape: shape, dtype: dtype, storage: Storage(byteCount: max(count, 1) * dtype.byteCount),
            offset: 0)
    }

    package init(zeros shape: [Int], dtype: DType = .float32) {
        self.init(uninitialized: shape, dtype: dtype)
        // Zero is all bits zero in every format.
        raw.initializeMemory(as: UInt8.self, repeating: 0, count: count * dtype.byteCount)
    }

    package init(repeating value: Float, shape: [Int]) {
        self.init(uninitialized: shape)
        floats.update(repeating: value, count: count)
    }

    /// - Precondition: `values.count` is the product of `shape`.
    package init(_ values: [Float], shape: [Int]) {
        self.init(uninitialized: shape)
        precondition(values.count == count, "\(values.count) values for shape \(shape)")
        values.withUnsafeBufferPointer { source in
            if let base = source.baseAddress { floats.update(from: base, count: count) }
        }
    }

    /// A tensor in memory of somebody else, who keeps it as long as the tensor or a view of it is used.
    package init(borrowing memory: UnsafeMutableBufferPointer<Float>) {
        guard let base = memory.baseAddress else {
            self.init(zeros: [0])
            return
        }
        self.init(shape: [memory.count], storage: Storage(borrowing: base), offset: 0)
    }

    package init(_ scalar: Float) { self.init([scalar], shape: []) }

    package var count: Int { shape.reduce(1, *) }
    /// Product of all axes but the last: rows of the matrix this tensor is.
    package var rowCount: Int { shape.isEmpty ? 1 : shape.dropLast().reduce(1, *) }
    /// Size of the last axis.
    package var channelCount: Int { shape.last ?? 1 }

    /// The first element, of whatever format. Valid while this tensor, or another that shares its storage, lives.
    package var raw: UnsafeMutableRawPointer { storage.base + offset * dtype.byteCount }

    /// The first element of a tensor of floats. Valid while this tensor, or another that shares its storage, lives.
    package var floats: UnsafeMutablePointer<Float> {
        precondition(dtype == .float32, "\(dtype) \(shape) read as floats")
        return storage.base.assumingMemoryBound(to: Float.self) + offset
    }

    /// A copy of all values.
    package var values: [Float] {
        let plain = converted(to: .float32)
        return Array(UnsafeBufferPointer(start: plain.floats, count: count))
    }

    /// The only value.
    package var scalar: Float {
        precondition(count == 1, "a scalar was asked of shape \(shape)")
        return floats[0]
    }

    /// Whether writing would be seen by nobody else.
    mutating func isUnshared() -> Bool { isKnownUniquelyReferenced(&storage) }
}
