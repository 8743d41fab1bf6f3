/// Writes what `torch.load(weights_only=True)` reads: an ordered dict of tensors in PyTorch's zip container.
package enum TorchWriter {
    /// - entries: under the names they shall have, in this order; names differ.
    /// - root: key of a dict around the tensors, such as `state_dict`; `nil` writes them bare.
    package static func write(
        _ entries: [SafetensorsEntry], root: String?, to path: String
    ) throws(CheckpointError) {
        let file = try AtomicFile(path: path)
        var archive = ZipWriter(file)
        try archive.add("archive/data.pkl", pickle(entries, root: root)[...])
        try archive.add("archive/byteorder", [UInt8]("little".utf8)[...])
        for (index, entry) in entries.enumerated() { try archive.add("archive/data/\(index)", entry.bytes) }
        try archive.add("archive/version", [UInt8]("3\n".utf8)[...])
        try archive.finish()
        try file.commit()
    }

    private static func pickle(_ entries: [SafetensorsEntry], root: String?) -> [UInt8] {
        var text = PickleText(version: 2)
        if let root {
            text.run(.emptyDictionary)
            text.text(root)
        }
        orderedDictionary(&text)
        text.run(.mark)
        for (index, entry) in entries.enumerated() {
            text.text(entry.name)
            tensor(&text, entry, key: "\(index)")
        }
        text.run(.setItems)
        if root != nil { text.run(.setItem) }
        text.run(.stop)
        return text.bytes
    }

    private static func orderedDictionary(_ text: inout PickleText) {
        text.global("collections", "OrderedDict")
        text.run(.emptyTuple, .reduce)
    }

    private static func tensor(_ text: inout PickleText, _ entry: SafetensorsEntry, key: String) {
        var strides = [Int](repeating: 1, count: entry.shape.count)
        for axis in entry.shape.indices.dropLast().reversed() {
            strides[axis] = strides[axis + 1] * entry.shape[axis + 1]
        }
        text.global("torch._utils", "_rebuild_tensor_v2")
        text.run(.mark, .mark)
        text.text("storage")
        text.global("torch", storageClass(entry.dtype))
        text.text(key)
        text.text("cpu")
        text.integer(entry.elementCount)
        text.run(.tuple, .binPersistentID)
        text.integer(0)
        text.integers(entry.shape)
        text.integers(strides)
        text.run(.newFalse)
        orderedDictionary(&text)
        text.run(.tuple, .reduce)
    }

    private static func storageClass(_ dtype: SafetensorsDType) -> String {
        switch dtype {
        case .float64: "DoubleStorage"
        case .float32: "FloatStorage"
        case .float16: "HalfStorage"
        case .bfloat16: "BFloat16Storage"
        case .int64: "LongStorage"
        case .int32: "IntStorage"
        case .int16: "ShortStorage"
        case .int8: "CharStorage"
        case .uint8: "ByteStorage"
        case .bool: "BoolStorage"
        }
    }
}
