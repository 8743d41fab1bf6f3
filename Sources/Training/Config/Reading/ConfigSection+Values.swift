extension ConfigSection {
    private func mismatch(_ key: Key, _ expected: String, _ node: ConfigNode) -> ConfigurationError {
        error(key, "expected \(expected), found \(node.kindDescription)")
    }

    func integer(_ key: Key, in range: ClosedRange<Int>) throws(ConfigurationError) -> Int {
        try integer(try node(key), key, range)
    }

    private func integer(
        _ node: ConfigNode, _ key: Key, _ range: ClosedRange<Int>
    ) throws(ConfigurationError) -> Int {
        guard case .scalar(let text, isQuoted: false) = node.content, let value = Int(text),
            range.contains(value)
        else {
            let bounds =
                range.upperBound == .max
                ? "of \(range.lowerBound) or more" : "from \(range.lowerBound) to \(range.upperBound)"
            throw mismatch(key, "a whole number \(bounds)", node)
        }
        return value
    }

    func number(_ key: Key, _ range: ConfigRange) throws(ConfigurationError) -> Double {
        try number(try node(key), key, range)
    }

    private func number(
        _ node: ConfigNode, _ key: Key, _ range: ConfigRange
    ) throws(ConfigurationError) -> Double {
        guard case .scalar(let text, isQuoted: false) = node.content, !text.lowercased().hasPrefix("0x"),
            let value = Double(text), value.isFinite, range.contains(value)
        else { throw mismatch(key, "a number\(range.text)", node) }
        return value
    }

    func flag(_ key: Key) throws(ConfigurationError) -> Bool {
        let node = try node(key)
        switch node.content {
        case .scalar("true", isQuoted: false): return true
        case .scalar("false", isQuoted: false): return false
        default: throw mismatch(key, "true or false", node)
        }
    }

    func text(_ key: Key) throws(ConfigurationError) -> String { try text(try node(key), key) }

    private func text(_ node: ConfigNode, _ key: Key) throws(ConfigurationError) -> String {
        guard case .scalar(let text, _) = node.content, !text.isEmpty else {
            throw mismatch(key, "text", node)
        }
        return text
    }

    func path(_ key: Key) throws(ConfigurationError) -> ConfigPath {
        let node = try node(key)
        guard case .scalar(let text, _) = node.content, !text.isEmpty else {
            throw mismatch(key, "a path", node)
        }
        return ConfigPath(text, builtInRoot: context.builtInRoot)
    }

    /// One of the words of `Choice`.
    func choice<Choice: RawRepresentable<String> & CaseIterable>(
        _ key: Key, _ type: Choice.Type = Choice.self
    ) throws(ConfigurationError) -> Choice {
        let node = try node(key)
        let names = Choice.allCases.map(\.rawValue)
        guard case .scalar(let text, _) = node.content, let value = Choice(rawValue: text) else {
            var nearest: String?
            if case .scalar(let text, _) = node.content { nearest = NearestKey.among(names, to: text) }
            let expected = names.count == 1 ? names[0] : "one of \(names.joined(separator: ", "))"
            throw error(
                key, "expected \(expected), found \(node.kindDescription)",
                hint: nearest.map { "did you mean '\($0)'?" })
        }
        return value
    }

    /// Whether the value is the bare word `none`, which stands for nothing being there.
    func isNone(_ key: Key) throws(ConfigurationError) -> Bool { try isWord("none", key) }

    /// The same, or the key itself is left out; only for keys where both mean that nothing is narrowed down.
    func isAbsent(_ key: Key) throws(ConfigurationError) -> Bool {
        guard has(key) else { return true }
        return try isNone(key)
    }

    /// Whether the value is this bare word instead of what the key usually takes.
    func isWord(_ word: String, _ key: Key) throws(ConfigurationError) -> Bool {
        try node(key).content == .scalar(word, isQuoted: false)
    }

    /// Elements of a list, uninterpreted.
    func items(_ key: Key, of kind: String) throws(ConfigurationError) -> [ConfigNode] {
        let node = try node(key)
        guard case .list(let nodes) = node.content else { throw mismatch(key, "a list of \(kind)", node) }
        return nodes
    }

    private func nonEmpty(_ key: Key, of kind: String) throws(ConfigurationError) -> [ConfigNode] {
        let nodes = try items(key, of: kind)
        guard !nodes.isEmpty else { throw error(key, "expected a list of \(kind), found an empty one") }
        return nodes
    }

    /// At least one.
    func integers(_ key: Key, in range: ClosedRange<Int>) throws(ConfigurationError) -> [Int] {
        var values: [Int] = []
        for item in try nonEmpty(key, of: "whole numbers") { values.append(try integer(item, key, range)) }
        return values
    }

    /// - count: exactly so many; `nil` for one or more.
    func numbers(_ key: Key, count: Int? = nil, _ range: ConfigRange) throws(ConfigurationError) -> [Double] {
        var values: [Double] = []
        for item in try nonEmpty(key, of: "numbers") { values.append(try number(item, key, range)) }
        if let count, values.count != count {
            throw error(key, "expected \(count) numbers, found \(values.count)")
        }
        return values
    }

    /// At least one, all different.
    func texts(_ key: Key) throws(ConfigurationError) -> [String] {
        var values: [String] = []
        for item in try nonEmpty(key, of: "texts") { values.append(try text(item, key)) }
        guard Set(values).count == values.count else { throw error(key, "a text occurs twice") }
        return values
    }
}
