extension JSONScanner {
    /// A `.badInput` error at a byte of this text, by default where the scanner stands.
    package func failure(_ message: String, at offset: Int? = nil, hint: String? = nil) -> DataError {
        let offset = offset ?? position
        return DataError(
            .badInput, "\(name): \(message), at byte \(offset), line \(source.line(at: offset))", hint: hint)
    }

    func truncated() -> DataError {
        failure(
            end == 0 ? "the file is empty" : "the text ends in the middle of a value", at: end,
            hint: "the file is incomplete; was its writer stopped, or the disk full?")
    }

    /// The error for a byte that cannot begin what is wanted.
    func unexpected(_ wanted: String) -> DataError {
        guard position < end else { return truncated() }
        let found: String
        var hint: String?
        switch base[position] {
        case UInt8(ascii: "{"): found = "an object"
        case UInt8(ascii: "["): found = "an array"
        case UInt8(ascii: "\""): found = "a string"
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"): found = "a number"
        case UInt8(ascii: "t"), UInt8(ascii: "f"): found = "a truth value"
        case UInt8(ascii: "n"): found = "null"
        case UInt8(ascii: "N"), UInt8(ascii: "I"):
            found = "NaN or Infinity"
            hint = "JSON has only finite numbers; the program that wrote this computed one that is not"
        case let byte where byte > 0x20 && byte < 0x7F: found = "'\(Character(UnicodeScalar(byte)))'"
        case let byte: found = "byte \(byte)"
        }
        return failure("expected \(wanted), found \(found)", hint: hint)
    }
}
