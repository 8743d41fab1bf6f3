import CZstd

/// Unpacks one zstd frame block by block and keeps what it got before an error.
final class ZstdDecoder {
    private let decoder: OpaquePointer
    private var buffer = [UInt8](repeating: 0, count: 1 << 18)
    /// Position in the packed file.
    private(set) var takenByteCount = 0
    /// Bytes of the last block that lie behind the frame's end.
    private(set) var leftInBlock = 0
    private(set) var isComplete = false
    private(set) var fault: String?

    init(path: String) throws(CheckpointError) {
        var error: UnsafePointer<CChar>?
        guard let decoder = czstd_decoder_create(&error) else {
            throw CheckpointError(.missing, path: path, error.map { String(cString: $0) } ?? "zstd failed")
        }
        self.decoder = decoder
    }

    deinit { czstd_decoder_free(decoder) }

    /// Appends what `block` unpacks to; look at `fault` and `isComplete` afterwards.
    /// - limit: of `bytes`; to have more is a fault.
    func step(_ block: [UInt8], into bytes: inout [UInt8], limit: Int) {
        precondition(!isComplete && fault == nil, "a step after the end of a frame")
        var position = 0
        var isFull = true
        // A full output buffer may hide more, so an empty input is offered until it comes back with room.
        while position < block.count || isFull {
            var taken = 0
            var given = 0
            var error: UnsafePointer<CChar>?
            let status = block.withUnsafeBytes { input in
                buffer.withUnsafeMutableBytes { output in
                    czstd_decoder_step(
                        decoder, input.baseAddress?.advanced(by: position), input.count - position, &taken,
                        output.baseAddress, output.count, &given, &error)
                }
            }
            bytes.append(contentsOf: buffer[..<given])
            position += taken
            takenByteCount += taken
            isFull = given == buffer.count
            guard bytes.count <= limit else {
                fault = "it unpacks to more than \(limit) bytes, which no weights of its size do"
                return
            }
            if status < 0 {
                fault = error.map { String(cString: $0) } ?? "zstd failed"
                return
            }
            if status == 0 {
                isComplete = true
                leftInBlock = block.count - position
                return
            }
        }
    }
}
