extension SafetensorsFile {
    /// Writes a plain safetensors file, which appears under its name complete or not at all.
    /// - entries: any order, names differ.
    package static func write(
        _ entries: [SafetensorsEntry], metadata: [String: String], to path: String
    ) throws(CheckpointError) {
        let layout = SafetensorsLayout(entries, metadata: metadata)
        let file = try AtomicFile(path: path)
        try file.write(layout.header[...])
        for entry in layout.entries { try file.write(entry.bytes) }
        try file.commit()
    }

    /// The same bytes inside one zstd frame with a checksum.
    /// - level: of zstd; 1 is fast, 19 small.
    package static func writePacked(
        _ entries: [SafetensorsEntry], metadata: [String: String], to path: String, level: Int32
    ) throws(CheckpointError) {
        try writePacked(entries, metadata: metadata, to: path, level: level, calls: .system)
    }

    static func writePacked(
        _ entries: [SafetensorsEntry], metadata: [String: String], to path: String, level: Int32,
        calls: FileCalls
    ) throws(CheckpointError) {
        let layout = SafetensorsLayout(entries, metadata: metadata)
        let file = try AtomicFile(path: path, calls: calls)
        let encoder = try ZstdEncoder(file: file, contentByteCount: layout.byteCount, level: level)
        try encoder.write(layout.header[...])
        for entry in layout.entries { try encoder.write(entry.bytes) }
        try encoder.finish()
        try file.commit()
    }
}
