/// An element of a small XML file: name, text and children. Attributes and comments are passed over, and no document type
/// is looked at.
struct XMLElement {
    let name: String
    /// Of the element itself, without white space around it.
    fileprivate(set) var text = ""
    fileprivate(set) var children: [XMLElement] = []

    /// The first child of a name.
    subscript(name: String) -> XMLElement? { children.first { $0.name == name } }

    func all(_ name: String) -> [XMLElement] { children.filter { $0.name == name } }

    /// The outermost element of a file.
    /// - name: what messages call the file.
    /// - Throws: `DataError(.badInput)` with the line of what is no XML.
    static func read(_ bytes: [UInt8], name: String) throws(DataError) -> XMLElement {
        var parser = XMLParser(bytes, name: name)
        return try parser.document()
    }
}

/// Reads elements; nesting is limited, so no file can exhaust the stack.
private struct XMLParser {
    private static let depthLimit = 32
    private let bytes: [UInt8]
    private let name: String
    private var position = 0

    init(_ bytes: [UInt8], name: String) {
        (self.bytes, self.name) = (bytes, name)
        if bytes.starts(with: [0xEF, 0xBB, 0xBF]) { position = 3 }
    }

    mutating func document() throws(DataError) -> XMLElement {
        try skipProlog()
        guard starts(with: "<") else { throw failure("expected an element") }
        let root = try element(depth: 0)
        try skipProlog()
        guard position == bytes.count else { throw failure("something follows the last element") }
        return root
    }

    private mutating func element(depth: Int) throws(DataError) -> XMLElement {
        guard depth < Self.depthLimit else { throw failure("elements nested deeper than \(Self.depthLimit)") }
        position += 1
        var element = XMLElement(name: try tagName())
        // Attributes; a '>' inside quotes is no end.
        var quote: UInt8?
        while let byte = peek, quote != nil || byte != UInt8(ascii: ">") {
            if let open = quote {
                if byte == open { quote = nil }
            } else if byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "'") {
                quote = byte
            }
            position += 1
        }
        guard peek != nil else { throw failure("the text ends inside <\(element.name)>") }
        let isEmpty = bytes[position - 1] == UInt8(ascii: "/")
        position += 1
        if isEmpty { return element }
        var text: [UInt8] = []
        while let byte = peek {
            if starts(with: "</") {
                position += 2
                let closing = try tagName()
                guard closing == element.name else { throw failure("</\(closing)> closes <\(element.name)>") }
                try skip(to: ">")
                element.text = Self.trimmed(text)
                return element
            }
            if starts(with: "<!--") {
                try skip(to: "-->")
            } else if starts(with: "<![CDATA[") {
                position += 9
                let start = position
                try skip(to: "]]>")
                text += bytes[start..<position - 3]
            } else if byte == UInt8(ascii: "<") {
                element.children.append(try self.element(depth: depth + 1))
            } else if byte == UInt8(ascii: "&") {
                text += try entity().utf8
            } else {
                text.append(byte)
                position += 1
            }
        }
        throw failure("<\(element.name)> is never closed")
    }

    private var peek: UInt8? { position < bytes.count ? bytes[position] : nil }

    private func starts(with text: String) -> Bool { bytes[position...].starts(with: text.utf8) }

    /// White space, comments, declarations.
    private mutating func skipProlog() throws(DataError) {
        while let byte = peek {
            if byte <= 0x20 {
                position += 1
            } else if starts(with: "<!--") {
                try skip(to: "-->")
            } else if starts(with: "<?") || starts(with: "<!") {
                try skip(to: ">")
            } else {
                return
            }
        }
    }

    private mutating func skip(to text: String) throws(DataError) {
        while position < bytes.count {
            if starts(with: text) {
                position += text.utf8.count
                return
            }
            position += 1
        }
        throw failure("the text ends before '\(text)'")
    }

    private mutating func tagName() throws(DataError) -> String {
        let start = position
        while let byte = peek, byte > 0x20, byte != UInt8(ascii: ">"), byte != UInt8(ascii: "/") {
            position += 1
        }
        guard position > start else { throw failure("an element without a name") }
        return String(decoding: bytes[start..<position], as: UTF8.self)
    }

    private mutating func entity() throws(DataError) -> String {
        let start = position
        while let byte = peek, byte != UInt8(ascii: ";"), position - start < 12 { position += 1 }
        guard peek == UInt8(ascii: ";") else { throw failure("an '&' without its ';'") }
        let body = String(decoding: bytes[start + 1..<position], as: UTF8.self)
        position += 1
        let named = ["lt": "<", "gt": ">", "amp": "&", "quot": "\"", "apos": "'"]
        if let text = named[body] { return text }
        let isHexadecimal = body.hasPrefix("#x")
        if body.hasPrefix("#"),
            let value = UInt32(body.dropFirst(isHexadecimal ? 2 : 1), radix: isHexadecimal ? 16 : 10),
            let scalar = UnicodeScalar(value)
        {
            return String(Character(scalar))
        }
        throw failure("'&\(body);' is not known")
    }

    private static func trimmed(_ text: [UInt8]) -> String {
        let start = text.firstIndex { $0 > 0x20 } ?? text.endIndex
        let end = text.lastIndex { $0 > 0x20 }.map { $0 + 1 } ?? start
        return String(decoding: text[start..<end], as: UTF8.self)
    }

    private func failure(_ message: String) -> DataError {
        let line = bytes.prefix(position).reduce(1) { $1 == UInt8(ascii: "\n") ? $0 + 1 : $0 }
        return DataError(.badInput, "\(name): \(message), line \(line)", hint: "is it an XML file?")
    }
}
