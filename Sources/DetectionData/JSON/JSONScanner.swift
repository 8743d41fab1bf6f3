/// Reads a JSON text value by value, in the order of the file, without building a tree.
///
/// The caller says what it expects next; anything else is a `DataError(.badInput)` that names file, byte and
/// line. Objects and arrays are walked with
/// ```
/// try scanner.beginObject()
/// while let key = try scanner.nextKey() {
///     switch key {
///     case "id": id = try scanner.integer()
///     default: try scanner.skipValue()
///     }
/// }
/// ```
/// and each value must be read or skipped before the next key or element is asked for. Grammar: RFC 8259, and
/// a byte order mark at the start is passed over.
package struct JSONScanner: ~Copyable {
    /// Values may be nested this deep; no annotation file comes near it.
    static let depthLimit = 256

    package enum Kind: String, Sendable {
        case object = "an object"
        case array = "an array"
        case string = "a string"
        case number = "a number"
        case boolean = "a truth value"
        case null = "null"
    }

    let source: JSONSource
    /// Holds the last key that was written with escapes.
    private var scratch = UnsafeMutableBufferPointer<UInt8>.allocate(capacity: 0)
    let base: UnsafePointer<UInt8>
    let end: Int
    var position = 0
    private var depth = 0
    /// True between an opening bracket and the first key or element after it.
    private var isAtStart = false
    /// Whether `NaN`, `Infinity` and `-Infinity` are numbers, as Python's `json` writes them.
    let acceptsNonFinite: Bool

    package init(path: String, acceptsNonFinite: Bool = false) throws(DataError) {
        self.init(source: try JSONSource(path: path), acceptsNonFinite: acceptsNonFinite)
    }

    /// - Parameter name: what messages call the text.
    package init(bytes: [UInt8], name: String, acceptsNonFinite: Bool = false) {
        self.init(source: JSONSource(bytes: bytes, name: name), acceptsNonFinite: acceptsNonFinite)
    }

    /// Several scanners may read one source, each from a place of its own.
    init(source: JSONSource, acceptsNonFinite: Bool = false) {
        self.source = source
        self.acceptsNonFinite = acceptsNonFinite
        base = source.base
        end = source.count
        if end >= 3, base[0] == 0xEF, base[1] == 0xBB, base[2] == 0xBF { position = 3 }
    }

    /// Goes on at an element of the text's outermost array, as if those before it had been read.
    mutating func resume(atElement offset: Int) {
        precondition(depth == 0, "\(depth) objects or arrays are open")
        position = offset
        depth = 1
        isAtStart = true
    }

    /// Lets go of the memory that holds a stretch of the text; read again, it comes back from the file.
    func release(from start: Int, until end: Int) { source.release(from: start, until: end) }

    /// What errors call the text.
    package var name: String { source.name }

    package var byteCount: Int { end }

    /// The offset of the next value's first byte.
    package mutating func nextOffset() -> Int {
        skipSpace()
        return position
    }

    deinit { scratch.deallocate() }

    /// A copy of `bytes` that lives until the next call or the end of the scanner.
    private mutating func keep(_ bytes: [UInt8]) -> UnsafeBufferPointer<UInt8> {
        if scratch.count < bytes.count {
            scratch.deallocate()
            scratch = .allocate(capacity: bytes.count)
        }
        _ = scratch.initialize(fromContentsOf: bytes)
        return UnsafeBufferPointer(rebasing: scratch[..<bytes.count])
    }

    /// What the next value is, judged by its first byte.
    package mutating func kind() throws(DataError) -> Kind {
        skipSpace()
        guard position < end else { throw truncated() }
        switch base[position] {
        case UInt8(ascii: "{"): return .object
        case UInt8(ascii: "["): return .array
        case UInt8(ascii: "\""): return .string
        case UInt8(ascii: "t"), UInt8(ascii: "f"): return .boolean
        case UInt8(ascii: "n"): return .null
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "N"), UInt8(ascii: "I"):
            return .number
        default: throw unexpected("a value")
        }
    }

    package mutating func beginObject() throws(DataError) {
        try open(UInt8(ascii: "{"), "an object")
    }

    package mutating func beginArray() throws(DataError) {
        try open(UInt8(ascii: "["), "an array")
    }

    /// The next key of the object begun last, or nil past its end; the scanner then stands before the key's
    /// value.
    package mutating func nextKey() throws(DataError) -> JSONKey? {
        guard try advance(closing: UInt8(ascii: "}"), "',' or '}'") else { return nil }
        guard position < end else { throw truncated() }
        guard base[position] == UInt8(ascii: "\"") else { throw unexpected("a key") }
        let start = position
        let token = try scanString()
        var key = UnsafeBufferPointer(start: base + token.start, count: token.count)
        if token.hasEscape { key = keep(try decoded(token, from: start)) }
        skipSpace()
        guard position < end else { throw truncated() }
        guard base[position] == UInt8(ascii: ":") else { throw unexpected("':'") }
        position &+= 1
        return JSONKey(bytes: key)
    }

    /// Whether the array begun last has another element; the scanner then stands before it.
    package mutating func nextElement() throws(DataError) -> Bool {
        try advance(closing: UInt8(ascii: "]"), "',' or ']'")
    }

    /// Passes over the next value, whatever it is, checking its grammar except inside strings.
    package mutating func skipValue() throws(DataError) {
        switch try kind() {
        case .object:
            try beginObject()
            while try nextKey() != nil { try skipValue() }
        case .array:
            try beginArray()
            while try nextElement() { try skipValue() }
        case .string: _ = try scanString()
        case .number: try skipNumber()
        case .boolean: _ = try boolean()
        case .null: try null()
        }
    }

    /// Checks that nothing but white space follows the last value.
    package mutating func finish() throws(DataError) {
        precondition(depth == 0, "\(depth) objects or arrays are still open")
        skipSpace()
        guard position == end else { throw unexpected("the end of the text") }
    }

    @inline(__always)
    mutating func skipSpace() {
        while position < end {
            switch base[position] {
            case 0x20, 0x0A, 0x0D, 0x09: position &+= 1
            default: return
            }
        }
    }

    @inline(__always)
    private mutating func open(_ bracket: UInt8, _ what: String) throws(DataError) {
        skipSpace()
        guard position < end else { throw truncated() }
        guard base[position] == bracket else { throw unexpected(what) }
        guard depth < Self.depthLimit else { throw failure("values nested deeper than \(Self.depthLimit)") }
        position &+= 1
        depth &+= 1
        isAtStart = true
    }

    /// Moves to the next key or element, past the comma; false, past the bracket, where there is none.
    @inline(__always)
    private mutating func advance(closing bracket: UInt8, _ what: String) throws(DataError) -> Bool {
        precondition(depth > 0, "no object or array is open")
        skipSpace()
        guard position < end else { throw truncated() }
        let byte = base[position]
        if byte == bracket {
            position &+= 1
            depth &-= 1
            isAtStart = false
            return false
        }
        if isAtStart {
            isAtStart = false
            return true
        }
        guard byte == UInt8(ascii: ",") else { throw unexpected(what) }
        position &+= 1
        skipSpace()
        if position < end, base[position] == bracket { throw failure("a comma with nothing after it") }
        return true
    }
}
