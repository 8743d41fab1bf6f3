extension ConfigNode {
    static func count(_ value: Int) -> ConfigNode { plain(String(value)) }

    static func flag(_ value: Bool) -> ConfigNode { plain(value ? "true" : "false") }

    /// The shortest decimal form that reads back to the same number. Other YAML readers want a point before
    /// an exponent.
    static func number(_ value: Double) -> ConfigNode {
        let text = String(value)
        guard let exponent = text.firstIndex(of: "e"), !text.contains(".") else { return plain(text) }
        return plain("\(text[..<exponent]).0\(text[exponent...])")
    }

    /// One of a fixed set of words.
    static func name(_ value: some RawRepresentable<String>) -> ConfigNode { plain(value.rawValue) }

    /// A word with a meaning of its own, like `all` in place of a number.
    static func word(_ value: String) -> ConfigNode { plain(value) }

    static func text(_ value: String) -> ConfigNode {
        ConfigNode(content: .scalar(value, isQuoted: !isPlain(value)), origin: "")
    }

    static func path(_ value: ConfigPath) -> ConfigNode { text(value.text) }

    static func list(_ values: [ConfigNode]) -> ConfigNode { ConfigNode(content: .list(values), origin: "") }

    /// `none`: the key is there, and nothing is what it says.
    static var nothing: ConfigNode { plain("none") }

    /// - members: in the order they are printed; those that are `nil` are left out.
    static func section<Key: ConfigKey>(_ members: [(Key, ConfigNode?)]) -> ConfigNode {
        let present = members.compactMap { key, value in
            value.map { Member(key: key.rawValue, value: $0, origin: "") }
        }
        return ConfigNode(content: .mapping(present), origin: "")
    }

    private static func plain(_ text: String) -> ConfigNode {
        ConfigNode(content: .scalar(text, isQuoted: false), origin: "")
    }

    /// Whether any YAML reader takes the bare word for text.
    private static func isPlain(_ text: String) -> Bool {
        let reserved: Set = ["true", "false", "yes", "no", "on", "off", "y", "n", "null", "none"]
        guard let first = text.unicodeScalars.first, text.last != ":" else { return false }
        let isWord = text.unicodeScalars.allSatisfy { scalar in
            scalar.isASCII
                && (scalar.properties.isAlphabetic || "0123456789_./:@-".unicodeScalars.contains(scalar))
        }
        let startsWell =
            first.isASCII && (first.properties.isAlphabetic || "_./".unicodeScalars.contains(first))
        return isWord && startsWell && Double(text) == nil && !reserved.contains(text.lowercased())
    }

    /// YAML with two spaces of indentation; lists without mappings in one line.
    var yaml: String { lines(depth: 0).joined(separator: "\n") + "\n" }

    private func lines(depth: Int) -> [String] {
        let indentation = String(repeating: "  ", count: depth)
        switch content {
        case .scalar, .list([]): return [indentation + inline]
        case .mapping(let members):
            if members.isEmpty { return [indentation + "{}"] }
            return members.flatMap { member in
                if let value = member.value.inlineIfFlat { return ["\(indentation)\(member.key): \(value)"] }
                return ["\(indentation)\(member.key):"] + member.value.lines(depth: depth + 1)
            }
        case .list(let nodes):
            return nodes.flatMap { node in
                let block = node.lines(depth: depth + 1)
                // The dash takes the place of the first line's last indentation.
                return ["\(indentation)- \(block[0].dropFirst(indentation.count + 2))"] + block.dropFirst()
            }
        }
    }

    private var inlineIfFlat: String? {
        switch content {
        case .scalar: return inline
        case .mapping(let members): return members.isEmpty ? "{}" : nil
        case .list(let nodes):
            let items = nodes.compactMap { node in
                if case .mapping = node.content { return nil as String? }
                return node.inlineIfFlat
            }
            return items.count == nodes.count ? "[\(items.joined(separator: ", "))]" : nil
        }
    }

    private var inline: String {
        switch content {
        case .scalar(let text, isQuoted: false): return text
        case .scalar(let text, isQuoted: true): return Self.quoted(text)
        case .list, .mapping: return inlineIfFlat ?? ""
        }
    }

    private static func quoted(_ text: String) -> String {
        var result = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"", "\\": result += "\\\(scalar)"
            case "\n": result += "\\n"
            case "\u{0}"..<" ":
                let digits = String(scalar.value, radix: 16)
                result += "\\x" + (digits.count == 1 ? "0" : "") + digits
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result + "\""
    }
}
