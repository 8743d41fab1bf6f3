/// The masks of a results file as their text in one buffer, with what a scorer asks first: a file of half a million
/// masks would else be half a million arrays, twice the size of the file.
package struct MaskTexts: Sendable {
    /// One mask; without one, everything is 0.
    package struct Entry: Sendable {
        let start: Int
        let byteCount: Int32
        /// Of the picture it belongs to.
        package let width: Int32
        package let height: Int32
        /// Pixels inside.
        package let area: Int
        /// The smallest box around them.
        package let box: (x: Int32, y: Int32, width: Int32, height: Int32)

        static let none = Entry(start: 0, byteCount: 0, width: 0, height: 0, area: 0, box: (0, 0, 0, 0))

        package var isPresent: Bool { byteCount > 0 }
    }

    package private(set) var entries: [Entry] = []
    private var bytes: [UInt8] = []

    package init() {}

    package var isEmpty: Bool { entries.isEmpty }

    mutating func reserve(entries count: Int, bytes byteCount: Int) {
        entries.reserveCapacity(count)
        bytes.reserveCapacity(byteCount)
    }

    mutating func appendNone() { entries.append(.none) }

    /// - letters: run lengths as COCO writes them.
    /// - Throws: where they are none, or do not cover `width` x `height` pixels.
    mutating func append(_ letters: ArraySlice<UInt8>, width: Int, height: Int) throws(DataError) {
        guard let byteCount = Int32(exactly: letters.count), byteCount > 0 else {
            throw RunText.damaged("of \(letters.count) letters")
        }
        var extent = MaskExtent(width: width, height: height)
        try letters.withUnsafeBufferPointer { letters throws(DataError) in
            try RunText.forEachRun(letters, pixelCount: width * height) { extent.take($0) }
        }
        let box = extent.box
        entries.append(
            Entry(
                start: bytes.count, byteCount: byteCount, width: Int32(width), height: Int32(height),
                area: extent.area, box: (Int32(box.x), Int32(box.y), Int32(box.width), Int32(box.height))))
        bytes += letters
    }

    mutating func append(_ mask: RLEMask) {
        let letters = mask.textBytes
        do {
            try append(letters[...], width: mask.width, height: mask.height)
        } catch {
            preconditionFailure("a mask's own text is refused: \(error)")
        }
    }

    /// Adds other masks behind these.
    mutating func append(_ other: MaskTexts) {
        let offset = bytes.count
        bytes += other.bytes
        entries.reserveCapacity(entries.count + other.entries.count)
        for entry in other.entries {
            entries.append(
                Entry(
                    start: entry.start + offset, byteCount: entry.byteCount, width: entry.width,
                    height: entry.height, area: entry.area, box: entry.box))
        }
    }

    /// The letters of one mask.
    func letters(of entry: Entry) -> ArraySlice<UInt8> {
        bytes[entry.start..<entry.start + Int(entry.byteCount)]
    }

    /// The mask at `index`; nil where there is none.
    package func mask(at index: Int) -> RLEMask? {
        guard entries.indices.contains(index), entries[index].isPresent else { return nil }
        let entry = entries[index]
        do {
            return try RLEMask.read(
                width: Int(entry.width), height: Int(entry.height), letters(of: entry))
        } catch {
            preconditionFailure("a mask that was read before is refused: \(error)")
        }
    }

    /// Writes where the mask at `index` begins and ends: pixels `[b0, b1)`, `[b2, b3)` ... in column order are inside.
    /// - Returns: how many numbers were written, an even number.
    package func boundaries(at index: Int, into buffer: inout [UInt32]) -> Int {
        let entry = entries[index]
        // No run takes less than a letter; a last run outside is followed by nothing.
        let room = Int(entry.byteCount) + 1
        if buffer.count < room { buffer = [UInt32](repeating: 0, count: 2 * room) }
        var (count, position) = (0, 0)
        bytes.withUnsafeBufferPointer { bytes in
            buffer.withUnsafeMutableBufferPointer { buffer in
                let letters = UnsafeBufferPointer(
                    rebasing: bytes[entry.start..<entry.start + Int(entry.byteCount)])
                do {
                    try RunText.forEachRun(letters, pixelCount: Int(entry.width) * Int(entry.height)) { run in
                        position &+= run
                        buffer[count] = UInt32(truncatingIfNeeded: position)
                        count &+= 1
                    }
                } catch {
                    preconditionFailure("a mask that was read before is refused: \(error)")
                }
            }
        }
        return count & ~1
    }
}
