/// A named tensor in a file or on its way into one: little-endian elements in row-major order.
package struct SafetensorsEntry: Sendable {
    package let name: String
    package let dtype: SafetensorsDType
    /// Empty for a scalar; an extent may be 0.
    package let shape: [Int]
    /// Exactly the elements; from a file, a slice of its memory without a copy and without alignment.
    package let bytes: ArraySlice<UInt8>

    /// - bytes: as many as the shape and the type ask for.
    package init(name: String, dtype: SafetensorsDType, shape: [Int], bytes: ArraySlice<UInt8>) {
        let expected = shape.reduce(dtype.byteCount, *)
        precondition(
            bytes.count == expected, "\(name): \(bytes.count) bytes where \(shape) needs \(expected)")
        self.name = name
        self.dtype = dtype
        self.shape = shape
        self.bytes = bytes
    }

    /// Copies the memory, so that the original may change from now on.
    package init(name: String, dtype: SafetensorsDType, shape: [Int], copying memory: UnsafeRawBufferPointer)
    {
        self.init(name: name, dtype: dtype, shape: shape, bytes: [UInt8](memory)[...])
    }

    package init(name: String, shape: [Int], floats: [Float]) {
        let bytes = floats.withUnsafeBytes { [UInt8]($0) }
        self.init(name: name, dtype: .float32, shape: shape, bytes: bytes[...])
    }

    package var elementCount: Int { shape.reduce(1, *) }

    /// "F32 [64, 3, 7, 7]".
    package var typeDescription: String { "\(dtype.rawValue) \(shape)" }
}
