/// The keys a section may have, in the order they are printed.
protocol ConfigKey: RawRepresentable<String>, CaseIterable, Hashable, Sendable {}

/// Reads one section strictly: a key it does not know, lacks, or whose value is of another type is an error.
///
/// No key has a default. After decoding, `finish` makes sure that no key present was left unread.
final class ConfigSection<Key: ConfigKey> {
    let context: ConfigContext
    /// Dotted, empty at the top.
    private let path: String
    private let origin: String
    private var members: [Key: ConfigNode.Member] = [:]
    private var unread: Set<Key> = []

    init(_ node: ConfigNode, path: String, context: ConfigContext) throws(ConfigurationError) {
        self.context = context
        self.path = path
        origin = node.origin
        guard case .mapping(let nodes) = node.content else {
            throw ConfigurationError(
                origin: node.origin, key: path, "expected a section with keys, found \(node.kindDescription)",
                hint: "its keys: \(Self.keyNames.joined(separator: ", "))")
        }
        for member in nodes {
            guard let key = Key(rawValue: member.key) else {
                throw ConfigurationError(
                    origin: member.origin, key: fullName(member.key), "unknown key",
                    hint: hint(for: member.key))
            }
            members[key] = member
            unread.insert(key)
        }
    }

    private static var keyNames: [String] { Key.allCases.map(\.rawValue) }

    private func fullName(_ key: String) -> String { path.isEmpty ? key : "\(path).\(key)" }

    private func hint(for key: String) -> String {
        // Found elsewhere under the very same name, it was most likely put into the wrong section.
        let elsewhere = context.root.leafPaths().first {
            $0.split(separator: ".").last.map(String.init) == key && $0 != fullName(key)
        }
        if let nearest = NearestKey.among(Self.keyNames, to: key), elsewhere == nil {
            return "did you mean '\(fullName(nearest))'?"
        }
        if let elsewhere { return "did you mean '\(elsewhere)'?" }
        return "known here: \(Self.keyNames.joined(separator: ", "))"
    }

    func has(_ key: Key) -> Bool { members[key] != nil }

    /// The value as it stands; reading it counts as using it.
    func node(_ key: Key) throws(ConfigurationError) -> ConfigNode {
        guard let member = members[key] else {
            throw ConfigurationError(
                origin: origin, key: fullName(key.rawValue), "the key is missing",
                hint: "nothing that changes a result has a default: add it")
        }
        unread.remove(key)
        return member.value
    }

    /// An error about the value of `key`, which is there.
    func error(_ key: Key, _ message: String, hint: String? = nil) -> ConfigurationError {
        let place = members[key].map(\.value.origin) ?? origin
        return ConfigurationError(origin: place, key: fullName(key.rawValue), message, hint: hint)
    }

    /// - because: why the keys make no sense beside the others of this file.
    func refuse(_ keys: Key..., because: String) throws(ConfigurationError) {
        for key in keys {
            guard let member = members[key] else { continue }
            throw ConfigurationError(
                origin: member.origin, key: fullName(key.rawValue), "has no meaning here: \(because)",
                hint: "remove it")
        }
    }

    /// Decodes the section below `key`.
    func nested<ChildKey, Value>(
        _ key: Key, _ decode: (ConfigSection<ChildKey>) throws(ConfigurationError) -> Value
    ) throws(ConfigurationError) -> Value {
        try Self.decode(try node(key), path: fullName(key.rawValue), context, decode)
    }

    /// Decodes each section of the list below `key`.
    func nestedList<ChildKey, Value>(
        _ key: Key, _ decode: (ConfigSection<ChildKey>) throws(ConfigurationError) -> Value
    ) throws(ConfigurationError) -> [Value] {
        var values: [Value] = []
        for (index, item) in try items(key, of: "sections").enumerated() {
            values.append(try Self.decode(item, path: "\(fullName(key.rawValue))[\(index)]", context, decode))
        }
        return values
    }

    private static func decode<ChildKey, Value>(
        _ node: ConfigNode, path: String, _ context: ConfigContext,
        _ decode: (ConfigSection<ChildKey>) throws(ConfigurationError) -> Value
    ) throws(ConfigurationError) -> Value {
        let section = try ConfigSection<ChildKey>(node, path: path, context: context)
        let value = try decode(section)
        section.finish()
        return value
    }

    /// To be called when everything is decoded.
    func finish() {
        precondition(unread.isEmpty, "\(path): keys \(unread.map(\.rawValue)) are known but never read")
    }
}
