import Yams

extension ConfigNode {
    /// Reads one YAML document; an empty one is an empty mapping.
    /// - Parameters:
    ///   - source: names the text in errors: a file or an override.
    ///   - hasLines: whether errors give the line within the source.
    init(yaml: String, source: String, hasLines: Bool = true) throws(ConfigurationError) {
        let root: Node?
        do {
            root = try Yams.compose(yaml: yaml)
        } catch {
            throw Self.syntaxError(error, source: source, hasLines: hasLines)
        }
        guard let root else {
            self.init(content: .mapping([]), origin: source)
            return
        }
        try self.init(root, source: source, hasLines: hasLines)
    }

    private init(_ node: Node, source: String, hasLines: Bool) throws(ConfigurationError) {
        origin = Self.origin(node, source, hasLines)
        switch node {
        case .scalar(let scalar):
            content = .scalar(scalar.string, isQuoted: scalar.style != .plain && scalar.style != .any)
        case .sequence(let sequence):
            var nodes: [ConfigNode] = []
            for item in sequence { nodes.append(try ConfigNode(item, source: source, hasLines: hasLines)) }
            content = .list(nodes)
        case .mapping(let mapping):
            var members: [Member] = []
            for (key, value) in mapping {
                let place = Self.origin(key, source, hasLines)
                guard case .scalar(let name) = key else {
                    throw ConfigurationError(origin: place, "a key must be a word")
                }
                guard !members.contains(where: { $0.key == name.string }) else {
                    throw ConfigurationError(origin: place, key: name.string, "the key occurs twice")
                }
                let child = try ConfigNode(value, source: source, hasLines: hasLines)
                members.append(Member(key: name.string, value: child, origin: place))
            }
            content = .mapping(members)
        case .alias:
            throw ConfigurationError(origin: origin, "aliases are not used in configurations")
        }
    }

    private static func origin(_ node: Node, _ source: String, _ hasLines: Bool) -> String {
        guard hasLines, let line = node.mark?.line else { return source }
        return "\(source):\(line)"
    }

    private static func syntaxError(_ error: any Error, source: String, hasLines: Bool) -> ConfigurationError
    {
        switch error {
        case YamlError.scanner(_, let problem, let mark, _), YamlError.parser(_, let problem, let mark, _),
            YamlError.composer(_, let problem, let mark, _):
            let place = hasLines ? "\(source):\(mark.line)" : source
            return ConfigurationError(origin: place, "is not YAML: \(problem)")
        case YamlError.duplicatedKeysInMapping(let keys, let context):
            let place = hasLines ? "\(source):\(context.mark.line)" : source
            return ConfigurationError(origin: place, key: keys.first, "the key occurs twice")
        default:
            let text = String(describing: error).split(separator: "\n").joined(separator: " ")
            return ConfigurationError(origin: source, "is not YAML: \(text)")
        }
    }
}
