internal import Foundation
internal import Synchronization

/// The finished parts of a proposal file that is being made, in a folder beside it: what a run that is stopped keeps.
///
/// A part holds the boxes of a run of consecutive images. Parts of other settings, another list of images or another
/// version of the search carry another key and count as not there.
package struct ProposalParts: Sendable {
    /// Raised when a search gives other boxes than before, or the format changes.
    private static let version = 1
    private static let magic: [UInt8] = Array("ADPP".utf8)
    /// A part is some seconds of work, and a folder keeps a few thousand files at most.
    private static let smallestPart = 16
    private static let mostParts = 4096

    package let folder: String
    package let imageCount: Int
    /// Images of a part; the last may have fewer.
    package let partSize: Int
    private let key: UInt64

    /// - path: of the file that is made.
    package init(beside path: String, info: ProposalFile.Info) {
        folder = path + ".parts"
        imageCount = info.imageCount
        partSize = max(Self.smallestPart, (info.imageCount + Self.mostParts - 1) / Self.mostParts)
        var hash = FNVHash()
        hash.add("\(Self.version) \(info.description) \(info.imageListDigest) \(partSize)".utf8)
        for (name, value) in info.parameters.sorted(by: { $0.key < $1.key }) {
            hash.add("\n\(name)=\(value)".utf8)
        }
        key = hash.value
    }

    package var partCount: Int { (imageCount + partSize - 1) / partSize }

    package func images(of part: Int) -> Range<Int> {
        part * partSize..<min((part + 1) * partSize, imageCount)
    }

    /// Makes the folder.
    package func prepare() throws(DataError) {
        do {
            try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: false)
        } catch {
            var isFolder: ObjCBool = false
            if FileManager.default.fileExists(atPath: folder, isDirectory: &isFolder), isFolder.boolValue {
                return
            }
            throw DataError(
                .output, "\(folder): \(error.localizedDescription)", hint: "is the folder for --out there?")
        }
    }

    /// The parts that need not be made again.
    package func finished() -> Set<Int> {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
        return Set(
            names.compactMap { Int($0) }.filter { (0..<partCount).contains($0) && (try? read($0)) != nil })
    }

    /// Removes the folder with all parts; one that is not there is no matter.
    package func remove() { try? FileManager.default.removeItem(atPath: folder) }

    /// Removes the folder if no part of any key is in it.
    package func removeIfEmpty() { rmdir(folder) }

    /// - boxes: one list for each image of the part.
    package func write(_ boxes: [[Box]], part: Int) throws(DataError) {
        precondition(boxes.count == images(of: part).count, "\(boxes.count) lists in part \(part)")
        var bytes: [UInt8] = []
        func add(_ value: UInt32) { withUnsafeBytes(of: value.littleEndian) { bytes += $0 } }
        for list in boxes {
            add(UInt32(list.count))
            for box in list { for number in [box.x1, box.y1, box.x2, box.y2] { add(number.bitPattern) } }
        }
        try AtomicFile.write(sealed(bytes, part: part), path: path(part))
    }

    /// Magic, key and number before the lists, a digest of all of it behind.
    func sealed(_ lists: [UInt8], part: Int = 0) -> [UInt8] {
        var bytes = Self.magic
        func add(_ value: some FixedWidthInteger) { withUnsafeBytes(of: value.littleEndian) { bytes += $0 } }
        add(key)
        add(UInt32(part))
        bytes += lists
        var hash = FNVHash()
        hash.add(bytes)
        add(hash.value)
        return bytes
    }

    /// One list for each image of the part.
    /// - Throws: where the part is not there, of another key or damaged.
    package func read(_ part: Int) throws(DataError) -> [[Box]] {
        let path = path(part)
        let bytes = try FileBytes.read(path).bytes
        func damaged() -> DataError {
            DataError(
                .badInput, "\(path): not a sound part of these proposals", hint: "remove it and run again")
        }
        var hash = FNVHash()
        hash.add(bytes.dropLast(8))
        let reader = PartReader(bytes)
        guard bytes.count >= 24, bytes.starts(with: Self.magic), reader.integer(at: 4, UInt64.self) == key,
            reader.integer(at: 12, UInt32.self) == UInt32(part),
            reader.integer(at: bytes.count - 8, UInt64.self) == hash.value
        else { throw damaged() }
        var lists: [[Box]] = []
        var position = 16
        for _ in images(of: part) {
            guard let count = reader.integer(at: position, UInt32.self),
                position + 4 + 16 * Int(count) <= bytes.count - 8
            else { throw damaged() }
            lists.append((0..<Int(count)).map { reader.box(at: position + 4 + 16 * $0) })
            position += 4 + 16 * Int(count)
        }
        guard position == bytes.count - 8 else { throw damaged() }
        return lists
    }

    private func path(_ part: Int) -> String { "\(folder)/\(part)" }
}

/// Numbers at places of a part's bytes.
private struct PartReader {
    private let bytes: [UInt8]

    init(_ bytes: [UInt8]) { self.bytes = bytes }

    /// Nil beyond the end.
    func integer<Number: FixedWidthInteger>(at position: Int, _ type: Number.Type) -> Number? {
        guard position >= 0, position + MemoryLayout<Number>.size <= bytes.count else { return nil }
        return bytes.withUnsafeBytes {
            Number(littleEndian: $0.loadUnaligned(fromByteOffset: position, as: type))
        }
    }

    func box(at position: Int) -> Box {
        func number(_ k: Int) -> Float { Float(bitPattern: integer(at: position + 4 * k, UInt32.self) ?? 0) }
        return Box(x1: number(0), y1: number(1), x2: number(2), y2: number(3))
    }
}
