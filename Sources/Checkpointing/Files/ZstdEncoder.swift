import CZstd

/// Packs what it is given into one zstd frame with a checksum, and writes the frame and a seal behind it.
final class ZstdEncoder {
    private let encoder: OpaquePointer
    private let file: AtomicFile
    private var buffer = [UInt8](repeating: 0, count: 1 << 18)
    private var digest = XXH64()

    /// - contentByteCount: exactly what will be written; the frame's header says it.
    init(file: AtomicFile, contentByteCount: Int, level: Int32) throws(CheckpointError) {
        let levels = czstd_minimum_level()...czstd_maximum_level()
        precondition(levels.contains(level), "zstd level \(level) is outside \(levels)")
        var error: UnsafePointer<CChar>?
        guard let encoder = czstd_encoder_create(level, UInt64(contentByteCount), &error) else {
            throw Self.failure(file, error)
        }
        self.encoder = encoder
        self.file = file
    }

    deinit { czstd_encoder_free(encoder) }

    func write(_ bytes: ArraySlice<UInt8>) throws(CheckpointError) {
        if !bytes.isEmpty { try feed(bytes, isEnd: false) }
    }

    func finish() throws(CheckpointError) {
        try feed([], isEnd: true)
        try file.write(FrameSeal.bytes(digest)[...])
    }

    private func feed(_ bytes: ArraySlice<UInt8>, isEnd: Bool) throws(CheckpointError) {
        var position = 0
        var status: Int32 = 1
        while status != 0 {
            var taken = 0
            var given = 0
            var error: UnsafePointer<CChar>?
            status = bytes.withUnsafeBytes { input in
                buffer.withUnsafeMutableBytes { output in
                    czstd_encoder_step(
                        encoder, input.baseAddress?.advanced(by: position), input.count - position, &taken,
                        output.baseAddress, output.count, &given, isEnd ? 1 : 0, &error)
                }
            }
            guard status >= 0 else { throw Self.failure(file, error) }
            position += taken
            digest.update(buffer[..<given])
            try file.write(buffer[..<given])
        }
    }

    private static func failure(_ file: AtomicFile, _ error: UnsafePointer<CChar>?) -> CheckpointError {
        let text = error.map { String(cString: $0) } ?? "no reason given"
        return CheckpointError(.output, path: file.path, "zstd cannot pack it: \(text)")
    }
}
