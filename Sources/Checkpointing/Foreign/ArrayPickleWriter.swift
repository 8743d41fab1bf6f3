/// Writes what detectron2 reads from a `.pkl`: a dict of numpy arrays under `model`, with its author.
/// - Source: detectron2 `DetectionCheckpointer`: with `__author__` it takes the names as they are.
package enum ArrayPickleWriter {
    /// - entries: under the names they shall have; no bfloat16, which numpy does not know.
    package static func write(_ entries: [SafetensorsEntry], to path: String) throws(CheckpointError) {
        let file = try AtomicFile(path: path)
        var text = PickleText(version: 4)
        text.run(.emptyDictionary, .mark)
        text.text("model")
        text.run(.emptyDictionary, .mark)
        for entry in entries {
            text.text(entry.name)
            text.global("numpy.core.multiarray", "_reconstruct")
            text.global("numpy", "ndarray")
            text.integers([0])
            text.bytesHeader(count: 1)
            try file.write(text.bytes[...])
            try file.write([UInt8(ascii: "b")])
            text.clear()
            text.run(.tuple3, .reduce, .mark)
            text.integer(1)
            text.integers(entry.shape)
            elementType(&text, entry.dtype)
            text.run(.newFalse)
            text.bytesHeader(count: entry.bytes.count)
            try file.write(text.bytes[...])
            try file.write(entry.bytes)
            text.clear()
            text.run(.tuple, .build)
        }
        text.run(.setItems)
        text.text("__author__")
        text.text("aligndet-mpi")
        text.text("matching_heuristics")
        text.run(.newFalse, .setItems, .stop)
        try file.write(text.bytes[...])
        try file.commit()
    }

    private static func elementType(_ text: inout PickleText, _ dtype: SafetensorsDType) {
        text.global("numpy", "dtype")
        text.text(name(dtype))
        text.run(.newFalse, .newTrue, .tuple3, .reduce, .mark)
        text.integer(3)
        text.text(dtype.byteCount == 1 ? "|" : "<")
        text.run(.none, .none, .none)
        text.integer(-1)
        text.integer(-1)
        text.integer(0)
        text.run(.tuple, .build)
    }

    private static func name(_ dtype: SafetensorsDType) -> String {
        switch dtype {
        case .float64: "f8"
        case .float32: "f4"
        case .float16: "f2"
        case .int64: "i8"
        case .int32: "i4"
        case .int16: "i2"
        case .int8: "i1"
        case .uint8: "u1"
        case .bool: "b1"
        case .bfloat16: preconditionFailure("numpy has no bfloat16")
        }
    }
}
