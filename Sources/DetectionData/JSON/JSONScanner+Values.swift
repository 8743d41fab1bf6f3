extension JSONScanner {
    /// The next value, a string, with escapes resolved and its UTF-8 checked.
    package mutating func string() throws(DataError) -> String {
        skipSpace()
        guard position < end else { throw truncated() }
        guard base[position] == UInt8(ascii: "\"") else { throw unexpected("a string") }
        let start = position
        let token = try scanString()
        let text =
            token.hasEscape
            ? String(validating: try decoded(token, from: start), as: UTF8.self)
            : String(
                validating: UnsafeBufferPointer(start: base + token.start, count: token.count), as: UTF8.self)
        guard let text else { throw failure("a string is not valid UTF-8", at: start) }
        return text
    }

    /// The bytes of the next value, a string, with escapes resolved; whether they are text is the caller's business.
    mutating func letters(into bytes: inout [UInt8]) throws(DataError) {
        skipSpace()
        guard position < end else { throw truncated() }
        guard base[position] == UInt8(ascii: "\"") else { throw unexpected("a string") }
        let start = position
        let token = try scanString()
        bytes.removeAll(keepingCapacity: true)
        let stop = token.start + token.count
        var from = token.start
        if token.hasEscape {
            // Backslashes are the only escape that run lengths hold.
            var i = from
            while i < stop {
                guard base[i] == UInt8(ascii: "\\") else {
                    i &+= 1
                    continue
                }
                guard base[i + 1] == UInt8(ascii: "\\") else {
                    bytes = try decoded(token, from: start)
                    return
                }
                bytes += UnsafeBufferPointer(start: base + from, count: i &+ 1 &- from)
                i &+= 2
                from = i
            }
        }
        bytes += UnsafeBufferPointer(start: base + from, count: stop &- from)
    }

    /// The next value, `true` or `false`.
    package mutating func boolean() throws(DataError) -> Bool {
        skipSpace()
        if position < end, base[position] == UInt8(ascii: "t") {
            try word("true", "a truth value")
            return true
        }
        try word("false", "a truth value")
        return false
    }

    /// The next value, a flag written `0`, `1`, `true` or `false`.
    package mutating func flag() throws(DataError) -> Bool {
        if try kind() == .boolean { return try boolean() }
        let offset = position
        switch try double() {
        case 0: return false
        case 1: return true
        default: throw failure("a flag must be 0 or 1", at: offset)
        }
    }

    /// The next value, `null`.
    package mutating func null() throws(DataError) { try word("null", "null") }

    /// Passes over a string, checking for its end and for bare control characters.
    mutating func scanString() throws(DataError) -> (start: Int, count: Int, hasEscape: Bool) {
        let start = position &+ 1
        var hasEscape = false
        position = start
        while position < end {
            let byte = base[position]
            if byte == UInt8(ascii: "\"") {
                position &+= 1
                return (start, position &- 1 &- start, hasEscape)
            }
            if byte == UInt8(ascii: "\\") {
                hasEscape = true
                position &+= 2
            } else if byte < 0x20 {
                throw failure("a control character inside a string")
            } else {
                position &+= 1
            }
        }
        throw truncated()
    }

    /// The bytes of a string with its escapes resolved; `offset` is where the string begins, for messages.
    func decoded(
        _ token: (start: Int, count: Int, hasEscape: Bool), from offset: Int
    ) throws(DataError) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(token.count)
        var i = token.start
        let stop = token.start + token.count
        while i < stop {
            guard base[i] == UInt8(ascii: "\\") else {
                bytes.append(base[i])
                i += 1
                continue
            }
            // `scanString` saw a closing quote behind the pair, so its second byte is inside the string.
            switch base[i + 1] {
            case UInt8(ascii: "n"): bytes.append(0x0A)
            case UInt8(ascii: "t"): bytes.append(0x09)
            case UInt8(ascii: "r"): bytes.append(0x0D)
            case UInt8(ascii: "b"): bytes.append(0x08)
            case UInt8(ascii: "f"): bytes.append(0x0C)
            case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): bytes.append(base[i + 1])
            case UInt8(ascii: "u"):
                i = try appendScalar(at: i, stop: stop, to: &bytes)
                continue
            default: throw failure("an unknown escape in a string", at: i)
            }
            i += 2
        }
        return bytes
    }

    /// Appends the scalar of the `\uXXXX`, or pair of them, at `i`; returns the offset behind it.
    private func appendScalar(at i: Int, stop: Int, to bytes: inout [UInt8]) throws(DataError) -> Int {
        var value = try hexadecimal(at: i + 2, stop: stop)
        var next = i + 6
        if (0xD800..<0xDC00).contains(value), next + 1 < stop, base[next] == UInt8(ascii: "\\"),
            base[next + 1] == UInt8(ascii: "u")
        {
            let low = try hexadecimal(at: next + 2, stop: stop)
            if (0xDC00..<0xE000).contains(low) {
                value = 0x10000 + (value - 0xD800) << 10 + (low - 0xDC00)
                next += 6
            }
        }
        guard let scalar = UnicodeScalar(value) else {
            throw failure("half of a surrogate pair in a string", at: i)
        }
        bytes += UTF8.encode(scalar) ?? UTF8.encodedReplacementCharacter
        return next
    }

    private func hexadecimal(at start: Int, stop: Int) throws(DataError) -> UInt32 {
        guard start + 4 <= stop else { throw failure("an unfinished escape in a string", at: start - 2) }
        var value: UInt32 = 0
        for i in start..<start + 4 {
            guard let digit = Character(UnicodeScalar(base[i])).hexDigitValue else {
                throw failure("an escape with a letter that is no hexadecimal digit", at: i)
            }
            value = value << 4 + UInt32(digit)
        }
        return value
    }

    /// Passes over a fixed word.
    mutating func word(_ word: StaticString, _ wanted: String) throws(DataError) {
        skipSpace()
        guard position < end else { throw truncated() }
        let length = word.utf8CodeUnitCount
        for i in 0..<length {
            guard position + i < end else { throw truncated() }
            guard base[position + i] == word.utf8Start[i] else {
                throw i == 0 ? unexpected(wanted) : failure("a word that JSON does not have")
            }
        }
        position += length
    }
}
