/// A piece of YAML that remembers where it stands, before anything is known about its meaning.
struct ConfigNode: Sendable, Equatable {
    enum Content: Sendable, Equatable {
        /// Quoted text is never taken for a number, a truth value or `none`.
        case scalar(String, isQuoted: Bool)
        case list([ConfigNode])
        /// Keys differ; the order is that of the file.
        case mapping([Member])
    }

    struct Member: Sendable, Equatable {
        let key: String
        var value: ConfigNode
        /// Where the key stands; `value.origin` may differ, for a mapping merged from several files.
        let origin: String
    }

    var content: Content
    /// File and line, or an override; empty in a tree made for printing.
    var origin: String

    /// `nil` if this is no mapping or has no such key.
    subscript(key: String) -> ConfigNode? {
        guard case .mapping(let members) = content else { return nil }
        return members.first { $0.key == key }?.value
    }

    /// For errors: what stands here instead of what was expected.
    var kindDescription: String {
        switch content {
        case .scalar(let text, isQuoted: true): "the text \"\(text)\""
        case .scalar(let text, isQuoted: false): text.isEmpty ? "nothing" : "'\(text)'"
        case .list: "a list"
        case .mapping: "a section"
        }
    }

    /// Dotted paths of everything that is not a mapping.
    func leafPaths(below prefix: String = "") -> [String] {
        guard case .mapping(let members) = content else { return [prefix] }
        return members.flatMap { $0.value.leafPaths(below: prefix.isEmpty ? $0.key : "\(prefix).\($0.key)") }
    }
}
