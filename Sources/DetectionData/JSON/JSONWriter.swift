/// Writes JSON into a growing byte buffer, without white space, the same bytes for the same calls.
///
/// Doubles get the shortest decimal that reads back as the same double. Commas and colons come by themselves.
package struct JSONWriter: Sendable {
    package private(set) var bytes: [UInt8] = []
    /// True where the next key or element needs a comma before it.
    private var needsComma = false

    package init(reservingByteCount count: Int = 0) { bytes.reserveCapacity(count) }

    package mutating func beginObject() { open(UInt8(ascii: "{")) }
    package mutating func endObject() { close(UInt8(ascii: "}")) }
    package mutating func beginArray() { open(UInt8(ascii: "[")) }
    package mutating func endArray() { close(UInt8(ascii: "]")) }

    /// The key of the value written next; a literal without characters that need escapes.
    package mutating func key(_ key: StaticString) {
        separate()
        bytes.append(UInt8(ascii: "\""))
        bytes += UnsafeBufferPointer(start: key.utf8Start, count: key.utf8CodeUnitCount)
        bytes.append(UInt8(ascii: "\""))
        bytes.append(UInt8(ascii: ":"))
        needsComma = false
    }

    /// The key of the value written next; any text.
    package mutating func key(text key: String) {
        separate()
        quote(key)
        bytes.append(UInt8(ascii: ":"))
        needsComma = false
    }

    /// - Parameter value: finite. A caller whose numbers come from outside checks them and names their owner.
    package mutating func value(_ value: Double) {
        precondition(value.isFinite, "\(value) cannot be written as JSON")
        separate()
        bytes += value.description.utf8
        needsComma = true
    }

    package mutating func value(_ value: Int) {
        separate()
        bytes += value.description.utf8
        needsComma = true
    }

    package mutating func value(_ value: Bool) {
        separate()
        bytes += (value ? "true" : "false").utf8
        needsComma = true
    }

    package mutating func value(_ value: String) {
        separate()
        quote(value)
        needsComma = true
    }

    package mutating func null() {
        separate()
        bytes += "null".utf8
        needsComma = true
    }

    package mutating func values(_ values: some Sequence<Double>) {
        beginArray()
        for value in values { self.value(value) }
        endArray()
    }

    package mutating func values(_ values: [Int]) {
        beginArray()
        for value in values { self.value(value) }
        endArray()
    }

    /// Replaces the file at `path` by what was written, whole or not at all.
    package func write(path: String) throws(DataError) { try AtomicFile.write(bytes, path: path) }

    /// Takes what was written so far, so that a long text need not be held as a whole.
    package mutating func drain() -> [UInt8] {
        defer { bytes = [] }
        return bytes
    }

    private mutating func separate() {
        if needsComma { bytes.append(UInt8(ascii: ",")) }
    }

    private mutating func open(_ bracket: UInt8) {
        separate()
        bytes.append(bracket)
        needsComma = false
    }

    private mutating func close(_ bracket: UInt8) {
        bytes.append(bracket)
        needsComma = true
    }

    private mutating func quote(_ text: String) {
        bytes.append(UInt8(ascii: "\""))
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"):
                bytes.append(UInt8(ascii: "\\"))
                bytes.append(byte)
            case 0..<0x20:
                bytes += "\\u00".utf8
                bytes += [byte >> 4, byte & 15].map { $0 < 10 ? $0 + 0x30 : $0 - 10 + 0x61 }
            default: bytes.append(byte)
            }
        }
        bytes.append(UInt8(ascii: "\""))
    }
}
