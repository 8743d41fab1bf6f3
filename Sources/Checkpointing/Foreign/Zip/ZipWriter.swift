/// Writes a zip archive of stored records, each beginning at a multiple of 64 bytes, as PyTorch lays them
/// out.
/// - Source: PKWARE, "APPNOTE.TXT", 4.3; the padding in an extra field `FB` as PyTorch's.
struct ZipWriter {
    private let file: AtomicFile
    private var directory: [UInt8] = []
    private var count = 0

    private static let alignment = 64
    private static let paddingTag: UInt16 = 0x4246
    /// Names are UTF-8.
    private static let flags: UInt16 = 0x0800
    /// Not before 1980.
    private static let firstDay: UInt16 = 0x0021

    init(_ file: AtomicFile) { self.file = file }

    /// - Throws: beyond 4 GB, where the 32-bit layout ends.
    mutating func add(_ name: String, _ contents: ArraySlice<UInt8>) throws(CheckpointError) {
        guard let offset = UInt32(exactly: file.byteCount), let size = UInt32(exactly: contents.count),
            UInt32(exactly: file.byteCount + contents.count + 1024 + directory.count) != nil
        else {
            throw CheckpointError(
                .output, path: file.path, "would be larger than 4 GB", hint: "export to safetensors")
        }
        let checksum = contents.withUnsafeBytes { CRC32.checksum($0) }
        let start = file.byteCount + 30 + name.utf8.count + 4
        let padding = (Self.alignment - start % Self.alignment) % Self.alignment
        var shared: [UInt8] = []
        shared.appendHalves(20, Self.flags, 0, 0, Self.firstDay)
        shared.appendWords(checksum, size, size)
        shared.appendHalves(UInt16(name.utf8.count))
        var local = ZipArchive.localMagic + shared
        local.appendHalves(UInt16(padding + 4))
        local += name.utf8
        local.appendHalves(Self.paddingTag, UInt16(padding))
        local += [UInt8](repeating: 0, count: padding)
        try file.write(local[...])
        try file.write(contents)
        directory += [0x50, 0x4B, 0x01, 0x02, 20, 0] + shared
        // No extra field, no comment, first disk, no attributes.
        directory.appendHalves(0, 0, 0, 0)
        directory.appendWords(0, offset)
        directory += name.utf8
        count += 1
    }

    mutating func finish() throws(CheckpointError) {
        let offset = file.byteCount
        var end = directory + [0x50, 0x4B, 0x05, 0x06]
        // `add` kept both sizes below 4 GB; no model has 65 536 tensors.
        precondition(count < 0xFFFF, "\(count) records")
        end.appendHalves(0, 0, UInt16(count), UInt16(count))
        end.appendWords(UInt32(directory.count), UInt32(offset))
        end.appendHalves(0)
        try file.write(end[...])
    }
}

extension [UInt8] {
    fileprivate mutating func appendHalves(_ values: UInt16...) {
        for value in values { Swift.withUnsafeBytes(of: value.littleEndian) { self += $0 } }
    }

    fileprivate mutating func appendWords(_ values: UInt32...) {
        for value in values { Swift.withUnsafeBytes(of: value.littleEndian) { self += $0 } }
    }
}
