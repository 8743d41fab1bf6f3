/// The records of a zip archive, every claim of its directory checked against the file.
///
/// Records are stored as they are, which is how PyTorch writes them: a packed record is refused, so no
/// archive can grow beyond its own size.
/// - Source: PKWARE, "APPNOTE.TXT", 4.3 (layout) and 4.5.3 (64-bit sizes).
struct ZipArchive {
    struct Record {
        let name: String
        /// Its bytes in the file.
        let range: Range<Int>
        let checksum: UInt32
    }

    let file: MappedFile
    private let records: [String: Record]

    static let localMagic: [UInt8] = [0x50, 0x4B, 0x03, 0x04]
    private static let centralMagic: [UInt8] = [0x50, 0x4B, 0x01, 0x02]
    private static let endMagic: [UInt8] = [0x50, 0x4B, 0x05, 0x06]
    private static let wideLocatorMagic: [UInt8] = [0x50, 0x4B, 0x06, 0x07]
    private static let wideEndMagic: [UInt8] = [0x50, 0x4B, 0x06, 0x06]
    private static let endByteCount = 22
    private static let longestComment = 65_535

    init(_ file: MappedFile) throws(CheckpointError) {
        self.file = file
        let directory = try Self.directory(file)
        var records: [String: Record] = [:]
        var starts: [(begin: Int, end: Int)] = []
        var position = directory.range.lowerBound
        for _ in 0..<directory.count {
            let (record, begin, next) = try Self.record(file, at: position, directory.range)
            guard records.updateValue(record, forKey: record.name) == nil else {
                throw file.damage("record '\(record.name)' occurs twice in the zip directory", at: position)
            }
            starts.append((begin, record.range.upperBound))
            position = next
        }
        starts.sort { $0.begin < $1.begin }
        for (one, other) in zip(starts, starts.dropFirst()) where one.end > other.begin {
            throw file.damage("two records of the zip archive overlap", at: other.begin)
        }
        self.records = records
    }

    subscript(name: String) -> Record? { records[name] }

    var names: [String] { records.keys.sorted() }

    /// The bytes of a record, found to be what was written.
    func storage(_ record: Record) -> ForeignStorage {
        ForeignStorage(file, record.range, checksum: record.checksum, record: record.name)
    }

    /// Where the directory lies, and how many records it lists.
    private static func directory(_ file: MappedFile) throws(CheckpointError) -> (
        range: Range<Int>, count: Int
    ) {
        let last = file.count - endByteCount
        let first = max(0, last - longestComment)
        guard last >= first,
            let end = stride(from: last, through: first, by: -1).first(where: {
                file.holds(endMagic, at: $0)
            })
        else {
            throw CheckpointError(
                .damaged, path: file.path,
                "cut short: the file ends at byte \(file.count) without a zip directory",
                hint: SafetensorsFile.damageHint)
        }
        var count = UInt64(file.number(UInt16.self, at: end + 10))
        var size = UInt64(file.number(UInt32.self, at: end + 12))
        var offset = UInt64(file.number(UInt32.self, at: end + 16))
        var limit = end
        let locator = end - 20
        if locator >= 0, file.holds(wideLocatorMagic, at: locator) {
            let wide = file.number(UInt64.self, at: locator + 8)
            guard let wideEnd = Int(exactly: wide), wideEnd <= locator - 56,
                file.holds(wideEndMagic, at: wideEnd)
            else { throw file.damage("the zip directory's end is not where its locator says", at: locator) }
            count = file.number(UInt64.self, at: wideEnd + 32)
            size = file.number(UInt64.self, at: wideEnd + 40)
            offset = file.number(UInt64.self, at: wideEnd + 48)
            limit = wideEnd
        }
        // 46 bytes is the shortest entry.
        guard offset <= UInt64(limit), size <= UInt64(limit) - offset, count <= size / 46 else {
            throw file.damage(
                "the zip directory claims \(count) records in \(size) bytes from byte \(offset) on, which it has not,",
                at: end)
        }
        return (Int(offset)..<Int(offset + size), Int(count))
    }

    /// The record that the directory's entry at `position` describes, where it begins, and where the next
    /// entry lies.
    private static func record(
        _ file: MappedFile, at position: Int, _ directory: Range<Int>
    ) throws(CheckpointError) -> (Record, begin: Int, next: Int) {
        guard position <= directory.upperBound - 46, file.holds(centralMagic, at: position) else {
            throw file.damage("an entry of the zip directory is broken", at: position)
        }
        func half(_ offset: Int) -> Int { Int(file.number(UInt16.self, at: position + offset)) }
        func word(_ offset: Int) -> UInt64 { UInt64(file.number(UInt32.self, at: position + offset)) }
        let (nameCount, extraCount) = (half(28), half(30))
        let next = position + 46 + nameCount + extraCount + half(32)
        guard next <= directory.upperBound else {
            throw file.damage("an entry of the zip directory goes beyond its end", at: position)
        }
        let nameStart = position + 46
        guard let name = file.text(nameStart..<(nameStart + nameCount)) else {
            throw file.damage("a record's name is no text", at: nameStart)
        }
        guard half(8) & 0x2041 == 0 else { throw file.damage("record '\(name)' is encrypted", at: position) }
        guard half(10) == 0 else {
            throw file.damage(
                "record '\(name)' is packed (zip method \(half(10))) and claims \(word(24)) bytes: refused,",
                at: position,
                hint: "PyTorch stores records unpacked: save it again")
        }
        var sizes = [word(24), word(20), word(42)]
        try widen(&sizes, file, (nameStart + nameCount)..<(nameStart + nameCount + extraCount))
        let (size, packedSize, begin) = (sizes[0], sizes[1], sizes[2])
        guard size == packedSize else {
            throw file.damage(
                "record '\(name)' is stored, but its two sizes are \(packedSize) and \(size)", at: position)
        }
        guard begin <= UInt64(directory.lowerBound), directory.lowerBound - Int(begin) >= 30,
            file.holds(localMagic, at: Int(begin))
        else { throw file.damage("record '\(name)' does not begin at byte \(begin), as said", at: position) }
        let local = Int(begin)
        let localNameCount = Int(file.number(UInt16.self, at: local + 26))
        let start = local + 30 + localNameCount + Int(file.number(UInt16.self, at: local + 28))
        guard start <= directory.lowerBound, size <= UInt64(directory.lowerBound - start) else {
            throw file.damage("record '\(name)' claims \(size) bytes, more than the file has,", at: position)
        }
        guard localNameCount == nameCount, file.text((local + 30)..<(local + 30 + nameCount)) == name else {
            throw file.damage("record '\(name)' has another name where it begins", at: local)
        }
        let range = start..<(start + Int(size))
        return (Record(name: name, range: range, checksum: UInt32(word(16))), local, next)
    }

    /// Replaces numbers that are all ones by those of the extra field of 64-bit sizes: size, packed size,
    /// offset.
    private static func widen(
        _ numbers: inout [UInt64], _ file: MappedFile, _ extra: Range<Int>
    ) throws(CheckpointError) {
        guard numbers.contains(0xFFFF_FFFF) else { return }
        var position = extra.lowerBound
        while position + 4 <= extra.upperBound {
            let tag = file.number(UInt16.self, at: position)
            let end = position + 4 + Int(file.number(UInt16.self, at: position + 2))
            guard end <= extra.upperBound else { break }
            position += 4
            if tag == 1 {
                for index in numbers.indices where numbers[index] == 0xFFFF_FFFF {
                    guard position + 8 <= end else { break }
                    numbers[index] = file.number(UInt64.self, at: position)
                    position += 8
                }
                return
            }
            position = end
        }
        throw file.damage("an entry of the zip directory lacks its 64-bit sizes", at: extra.lowerBound)
    }
}
