extension ConfigNode {
    /// This tree with what `other` says instead: mappings merge key by key, anything else is replaced whole.
    func merged(with other: ConfigNode) -> ConfigNode {
        guard case .mapping(var members) = content, case .mapping(let changes) = other.content else {
            return other
        }
        for change in changes {
            if let index = members.firstIndex(where: { $0.key == change.key }) {
                let value = members[index].value.merged(with: change.value)
                members[index] = Member(key: change.key, value: value, origin: change.origin)
            } else {
                members.append(change)
            }
        }
        return ConfigNode(content: .mapping(members), origin: other.origin)
    }

    /// The first key that both trees set, in which neither can be said to come first.
    func conflict(with other: ConfigNode, below prefix: String = "") -> (key: String, origin: String)? {
        guard case .mapping(let members) = content, case .mapping = other.content else {
            return (prefix, origin)
        }
        for member in members {
            let path = prefix.isEmpty ? member.key : "\(prefix).\(member.key)"
            if let rival = other[member.key], let found = member.value.conflict(with: rival, below: path) {
                return found
            }
        }
        return nil
    }

    /// This tree with one dotted override, as in `optimizer.lr=0.03`. The right side is a scalar or list, or a whole
    /// section, `optimizer={name: adamw, ...}`, which replaces the old one and all its keys. Whether the keys exist shows
    /// when the tree is decoded.
    func overridden(by text: String) throws(ConfigurationError) -> ConfigNode {
        let origin = "override '\(text)'"
        let parts = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.count == 2, !parts[0].isEmpty else {
            throw ConfigurationError(
                origin: origin, "is not of the form key=value", hint: "as in optimizer.lr=0.03")
        }
        guard !parts[1].allSatisfy(\.isWhitespace) else {
            throw ConfigurationError(origin: origin, key: String(parts[0]), "has no value behind the '='")
        }
        let value = try ConfigNode(yaml: String(parts[1]), source: origin, hasLines: false)
        return try overriding(
            parts[0].split(separator: ".", omittingEmptySubsequences: false)[...], value, origin, "")
    }

    private func overriding(
        _ keys: ArraySlice<Substring>, _ value: ConfigNode, _ origin: String, _ prefix: String
    ) throws(ConfigurationError) -> ConfigNode {
        guard let key = keys.first.map(String.init) else { return value }
        guard case .mapping(var members) = content else {
            throw ConfigurationError(
                origin: origin, key: prefix, "is not a section, so it has no key '\(key)'")
        }
        let path = prefix.isEmpty ? key : "\(prefix).\(key)"
        let index = members.firstIndex { $0.key == key }
        let old = index.map { members[$0].value } ?? ConfigNode(content: .mapping([]), origin: origin)
        let child = keys.count == 1 ? value : try old.overriding(keys.dropFirst(), value, origin, path)
        let member = Member(key: key, value: child, origin: origin)
        if let index { members[index] = member } else { members.append(member) }
        return ConfigNode(content: .mapping(members), origin: self.origin)
    }
}
