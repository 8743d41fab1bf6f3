/// Reads the part of JSON that a safetensors header consists of: objects, strings, lists of counts.
///
/// A general JSON reader would not do: it keeps one of two equal names in silence.
struct HeaderParser {
    private typealias Fault = SafetensorsHeader.Fault

    private let bytes: ArraySlice<UInt8>
    private var position: Int

    init(_ bytes: ArraySlice<UInt8>) {
        self.bytes = bytes
        position = bytes.startIndex
    }

    private func fault(_ message: String) -> SafetensorsHeader.Fault {
        Fault(message: "\(message) at byte \(position - bytes.startIndex) of the header", tensor: nil)
    }

    private var next: UInt8? { position < bytes.endIndex ? bytes[position] : nil }

    private mutating func skipSpace() {
        while let byte = next, byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 { position += 1 }
    }

    private mutating func take(_ character: Unicode.Scalar) -> Bool {
        skipSpace()
        guard next == UInt8(ascii: character) else { return false }
        position += 1
        return true
    }

    private mutating func expect(_ character: Unicode.Scalar) throws(SafetensorsHeader.Fault) {
        guard take(character) else { throw fault("'\(character)' expected") }
    }

    /// Calls `member` after each key, with the parser standing at the value.
    mutating func object(
        _ member: (inout HeaderParser, String) throws(SafetensorsHeader.Fault) -> Void
    ) throws(SafetensorsHeader.Fault) {
        try expect("{")
        if take("}") { return }
        repeat {
            let key = try string()
            try expect(":")
            try member(&self, key)
        } while take(",")
        try expect("}")
    }

    /// A list of numbers that are 0 or more.
    mutating func integers() throws(SafetensorsHeader.Fault) -> [Int] {
        try expect("[")
        if take("]") { return [] }
        var result: [Int] = []
        repeat { result.append(try integer()) } while take(",")
        try expect("]")
        return result
    }

    private mutating func integer() throws(SafetensorsHeader.Fault) -> Int {
        skipSpace()
        let start = position
        while let byte = next, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) { position += 1 }
        let digits = String(decoding: bytes[start..<position], as: UTF8.self)
        guard let value = Int(digits), digits.count == 1 || !digits.hasPrefix("0") else {
            throw fault("a count expected")
        }
        return value
    }

    /// Only padding may follow.
    mutating func end() throws(SafetensorsHeader.Fault) {
        skipSpace()
        guard position == bytes.endIndex else { throw fault("something follows the closing brace") }
    }

    mutating func string() throws(SafetensorsHeader.Fault) -> String {
        try expect("\"")
        var units: [UInt8] = []
        while let byte = next {
            position += 1
            switch byte {
            case UInt8(ascii: "\""):
                guard let text = String(validating: units, as: UTF8.self) else {
                    throw fault("text is not UTF-8")
                }
                return text
            case UInt8(ascii: "\\"): units.append(contentsOf: try escape())
            case ..<0x20: throw fault("a control character in a string")
            default: units.append(byte)
            }
        }
        throw fault("a string without an end")
    }

    private mutating func escape() throws(SafetensorsHeader.Fault) -> [UInt8] {
        guard let byte = next else { throw fault("a string without an end") }
        position += 1
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): return [byte]
        case UInt8(ascii: "b"): return [0x08]
        case UInt8(ascii: "f"): return [0x0C]
        case UInt8(ascii: "n"): return [0x0A]
        case UInt8(ascii: "r"): return [0x0D]
        case UInt8(ascii: "t"): return [0x09]
        case UInt8(ascii: "u"): return try unicodeEscape()
        default: throw fault("an unknown escape")
        }
    }

    private mutating func unicodeEscape() throws(SafetensorsHeader.Fault) -> [UInt8] {
        var units = [try hexadecimalUnit()]
        if (0xD800..<0xDC00).contains(units[0]) {
            guard bytes[position...].starts(with: [UInt8(ascii: "\\"), UInt8(ascii: "u")]) else {
                throw fault("half a surrogate pair")
            }
            position += 2
            units.append(try hexadecimalUnit())
        }
        guard let text = String(validating: units, as: UTF16.self) else {
            throw fault("half a surrogate pair")
        }
        return [UInt8](text.utf8)
    }

    private mutating func hexadecimalUnit() throws(SafetensorsHeader.Fault) -> UInt16 {
        let digits = bytes[position...].prefix(4)
        guard digits.count == 4, digits.allSatisfy({ Unicode.Scalar($0).properties.isASCIIHexDigit }),
            let unit = UInt16(String(decoding: digits, as: UTF8.self), radix: 16)
        else { throw fault("four hexadecimal digits expected") }
        position += 4
        return unit
    }
}
