/// The bytes that tensors of a file are views of.
final class ForeignStorage {
    /// Keeps the memory mapped; `nil` where the memory is the storage's own.
    private let file: MappedFile?
    private let memory: UnsafeRawBufferPointer
    /// Where the memory begins in the file.
    private let position: Int
    /// What the archive says of the bytes, until it was looked at.
    private var unverified: (checksum: UInt32, record: String)?

    /// - range: inside the file.
    /// - checksum: CRC-32 of the bytes; record: of the archive, for errors.
    init(_ file: MappedFile, _ range: Range<Int>, checksum: UInt32, record: String) {
        self.file = file
        memory = file.slice(range)
        position = range.lowerBound
        unverified = (checksum, record)
    }

    /// Bytes without a checksum.
    init(_ file: MappedFile, _ range: Range<Int>) {
        self.file = file
        memory = file.slice(range)
        position = range.lowerBound
    }

    init(copying bytes: some Collection<UInt8>) {
        let copy = UnsafeMutableRawBufferPointer.allocate(byteCount: bytes.count, alignment: 8)
        copy.copyBytes(from: bytes)
        file = nil
        memory = UnsafeRawBufferPointer(copy)
        position = 0
    }

    deinit { if file == nil { memory.deallocate() } }

    var byteCount: Int { memory.count }

    /// The bytes, once found to be what was written; they live as long as the storage.
    func verified() throws(CheckpointError) -> UnsafeRawBufferPointer {
        if let (checksum, record) = unverified, let file {
            guard CRC32.checksum(memory) == checksum else {
                throw file.damage(
                    "the checksum of record '\(record)' does not match its \(memory.count) bytes",
                    at: position,
                    hint: SafetensorsFile.damageHint)
            }
            unverified = nil
        }
        return memory
    }
}
