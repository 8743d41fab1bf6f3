import Foundation

/// The bytes of a file, unpacked if it is a zstd frame.
struct FileContents {
    /// All there is, or with a `fault` as much as could be unpacked.
    private(set) var bytes: [UInt8] = []
    /// Why the rest could not be unpacked.
    private(set) var fault: String?
    /// Whether it was packed without a `FrameSeal` behind it: by another program, or cut.
    private(set) var lacksSeal = false

    /// Magic number of a zstd frame and the byte after it, the frame header descriptor (RFC 8878, 3.1.1.1.1).
    private static let frameMagic: [UInt8] = [0x28, 0xB5, 0x2F, 0xFD]
    private static let startByteCount = 5
    private static let readByteCount = 1 << 18

    /// Weights hardly shrink; moments of an optimizer that has not begun do. A frame that unpacks to more than so many
    /// bytes and `expansion` times its size is refused before memory is gone.
    private static let expansion = 64

    /// - expansionFloor: bytes that any frame may unpack to.
    init(path: String, expansionFloor: Int = 1 << 28) throws(CheckpointError) {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else {
            let hint = errno == ENOENT ? "check the path" : nil
            throw CheckpointError(
                .missing, path: path, "cannot be opened: \(AtomicFile.lastErrorText)", hint: hint)
        }
        defer { close(descriptor) }
        // The first bytes go to the decoder alone: given a whole small frame it drops everything on an error.
        let start = try Self.read(descriptor, upTo: Self.startByteCount, path: path)
        if start.starts(with: Self.frameMagic) {
            var status = stat()
            let size = fstat(descriptor, &status) == 0 ? Int(status.st_size) : 0
            try unpack(start, rest: descriptor, path: path, limit: expansionFloor + Self.expansion * size)
        } else {
            bytes = start
            while true {
                let block = try Self.read(descriptor, upTo: Self.readByteCount, path: path)
                if block.isEmpty { break }
                bytes.append(contentsOf: block)
            }
        }
    }

    /// Fewer bytes than asked for only at the end of the file.
    private static func read(
        _ descriptor: Int32, upTo count: Int, path: String
    ) throws(CheckpointError) -> [UInt8] {
        var failed = false
        let block = [UInt8](unsafeUninitializedCapacity: count) { memory, filled in
            while filled < count {
                let got = Foundation.read(
                    descriptor, memory.baseAddress?.advanced(by: filled), count - filled)
                if got < 0 && errno == EINTR { continue }
                failed = got < 0
                if got <= 0 { return }
                filled += got
            }
        }
        if failed {
            throw CheckpointError(.missing, path: path, "cannot be read: \(AtomicFile.lastErrorText)")
        }
        return block
    }

    private mutating func unpack(
        _ start: [UInt8], rest descriptor: Int32, path: String, limit: Int
    ) throws(CheckpointError) {
        if let objection = Self.objection(toDescriptor: start.count == Self.startByteCount ? start[4] : nil) {
            fault = objection
            return
        }
        let decoder = try ZstdDecoder(path: path)
        var digest = XXH64()
        var block = start
        while true {
            decoder.step(block, into: &bytes, limit: limit)
            if let message = decoder.fault {
                fault = "the zstd frame is broken at byte \(decoder.takenByteCount): \(message)"
                return
            }
            digest.update(block.dropLast(decoder.leftInBlock))
            if decoder.isComplete { break }
            block = try Self.read(descriptor, upTo: Self.readByteCount, path: path)
            if block.isEmpty {
                fault = "cut short: the file ends at byte \(decoder.takenByteCount), inside its zstd frame"
                return
            }
        }
        let trailer = block.suffix(decoder.leftInBlock)
        check(
            trailer: trailer + (try Self.read(descriptor, upTo: FrameSeal.byteCount + 1, path: path)), digest,
            position: decoder.takenByteCount)
    }

    private mutating func check(trailer: ArraySlice<UInt8>, _ digest: XXH64, position: Int) {
        lacksSeal = trailer.isEmpty
        if lacksSeal || trailer.elementsEqual(FrameSeal.bytes(digest)) { return }
        fault =
            trailer.count == FrameSeal.byteCount
            ? "a byte changed: the digest behind its zstd frame does not match"
            : "something that does not belong there follows its zstd frame at byte \(position)"
    }

    /// The library ignores the unused bit and a missing checksum; here either would hide damage.
    private static func objection(toDescriptor byte: UInt8?) -> String? {
        guard let byte else { return "cut short: the file ends inside the header of its zstd frame" }
        if byte & 0b1_0000 != 0 { return "the zstd frame is broken at byte 4: its unused bit is set" }
        if byte & 0b100 == 0 { return "its zstd frame has no checksum; pack it with zstd --check" }
        return nil
    }
}
