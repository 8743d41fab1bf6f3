/// A tensor in a file of another program's: a view of a storage, copied out only when asked for.
package struct ForeignTensor {
    /// As the file calls it.
    package let name: String
    package let dtype: SafetensorsDType
    package let shape: [Int]
    /// In elements, none negative.
    let strides: [Int]
    /// First element in the storage.
    let offset: Int
    let storage: ForeignStorage

    /// Numpy's limit; PyTorch has none worth speaking of.
    static let maximumRank = 64
    /// An expanded tensor repeats elements by strides of 0; more than so many are refused.
    private static let expansionLimit = 1 << 16

    /// Bytes of a tensor packed tight; `nil` beyond 2^63.
    static func byteCount(_ dtype: SafetensorsDType, _ shape: [Int]) -> Int? {
        var result = dtype.byteCount
        for extent in shape {
            let (product, overflow) = result.multipliedReportingOverflow(by: extent)
            if overflow { return nil }
            result = product
        }
        return result
    }

    /// Whether a view lies within `count` elements and is not much larger than them.
    static func fits(shape: [Int], strides: [Int], offset: Int, in count: Int) -> Bool {
        if shape.contains(0) { return offset <= count }
        var (last, elements) = (offset, 1)
        for (extent, stride) in zip(shape, strides) {
            let (span, one) = (extent - 1).multipliedReportingOverflow(by: stride)
            let (sum, two) = last.addingReportingOverflow(span)
            let (product, three) = elements.multipliedReportingOverflow(by: extent)
            if one || two || three { return false }
            (last, elements) = (sum, product)
        }
        return last < count && elements <= max(count, expansionLimit)
    }

    package var elementCount: Int { shape.reduce(1, *) }

    /// "F32 [64, 3, 7, 7]".
    package var typeDescription: String { "\(dtype.rawValue) \(shape)" }

    private var isContiguous: Bool {
        var expected = 1
        for (extent, stride) in zip(shape, strides).reversed() {
            if extent != 1 && stride != expected { return false }
            expected *= extent
        }
        return true
    }

    /// The elements in row-major order under another name.
    /// - Throws: where the storage's checksum does not match.
    package func entry(named name: String) throws(CheckpointError) -> SafetensorsEntry {
        let memory = try storage.verified()
        let width = dtype.byteCount
        let count = elementCount
        if isContiguous || count == 0 {
            let start = count == 0 ? 0 : offset * width
            let part = UnsafeRawBufferPointer(rebasing: memory[start..<(start + count * width)])
            return SafetensorsEntry(name: name, dtype: dtype, shape: shape, copying: part)
        }
        let bytes = [UInt8](unsafeUninitializedCapacity: count * width) { out, filled in
            var index = [Int](repeating: 0, count: shape.count)
            var source = offset
            for element in 0..<count {
                for byte in 0..<width { out[element * width + byte] = memory[source * width + byte] }
                var axis = shape.count - 1
                while axis >= 0 {
                    index[axis] += 1
                    source += strides[axis]
                    if index[axis] < shape[axis] { break }
                    source -= index[axis] * strides[axis]
                    index[axis] = 0
                    axis -= 1
                }
            }
            filled = count * width
        }
        return SafetensorsEntry(name: name, dtype: dtype, shape: shape, bytes: bytes[...])
    }
}
