import Foundation

extension RunConfig {
    private static let baseKey = "_base_"

    /// Reads a recipe with its bases and overrides.
    ///
    /// A recipe may name files in `_base_`, relative to its own folder. Bases name no bases of their own and
    /// set no key twice between them; what the recipe says goes before what they say, and overrides before
    /// both. Sections merge key by key, anything else is replaced whole.
    /// - Parameters:
    ///   - path: a file, relative to the working directory, or `builtin:` and a path in `builtInRoot`.
    ///   - overrides: dotted, as in `optimizer.lr=0.03`; a later one goes before an earlier one.
    ///   - builtInRoot: the folder that `builtin:` stands for, here and in the recipe's paths.
    package static func load(
        path: String, overrides: [String] = [], builtInRoot: String
    ) throws(ConfigurationError) -> RunConfig {
        var root = try tree(path: ConfigPath(path, builtInRoot: builtInRoot).resolved)
        for override in overrides { root = try root.overridden(by: override) }
        return try decode(root, builtInRoot: builtInRoot)
    }

    /// Reads what `yaml` printed, for instance from a checkpoint's metadata.
    /// - source: names the text in errors.
    package init(yaml: String, source: String, builtInRoot: String) throws(ConfigurationError) {
        self = try Self.decode(try ConfigNode(yaml: yaml, source: source), builtInRoot: builtInRoot)
    }

    private static func decode(_ root: ConfigNode, builtInRoot: String) throws(ConfigurationError)
        -> RunConfig
    {
        let context = ConfigContext(root: root, builtInRoot: builtInRoot)
        let section = try ConfigSection<Key>(root, path: "", context: context)
        let config = try RunConfig(section)
        section.finish()
        return config
    }

    /// The recipe merged over its bases.
    private static func tree(path: String) throws(ConfigurationError) -> ConfigNode {
        let (recipe, bases) = try read(path)
        let folder = (path as NSString).deletingLastPathComponent
        var merged: ConfigNode?
        for base in bases {
            let (tree, grandBases) = try read((folder as NSString).appendingPathComponent(base))
            guard grandBases.isEmpty else {
                throw ConfigurationError(
                    origin: tree.origin, key: baseKey, "a base names bases of its own",
                    hint: "name all of them in \(path)")
            }
            if let conflict = merged?.conflict(with: tree) {
                throw ConfigurationError(
                    origin: conflict.origin, key: conflict.key,
                    "is set by \(base) too, and neither goes before",
                    hint: "keep it in one of the bases, or set it in \(path) alone")
            }
            merged = merged?.merged(with: tree) ?? tree
        }
        return merged?.merged(with: recipe) ?? recipe
    }

    /// A file's tree without `_base_`, and what stood there.
    private static func read(_ path: String) throws(ConfigurationError) -> (tree: ConfigNode, bases: [String])
    {
        let text: String
        do {
            text = try String(contentsOf: URL(fileURLWithPath: path), encoding: .utf8)
        } catch {
            let exists = FileManager.default.fileExists(atPath: path)
            throw ConfigurationError(
                origin: path, exists ? "cannot be read as text" : "there is no such file",
                hint: "check the path")
        }
        let tree = try ConfigNode(yaml: text, source: path)
        guard case .mapping(let members) = tree.content else {
            throw ConfigurationError(
                origin: tree.origin, "expected sections with keys, found \(tree.kindDescription)")
        }
        guard let named = tree[baseKey] else { return (tree, []) }
        guard case .list(let items) = named.content else {
            throw ConfigurationError(
                origin: named.origin, key: baseKey, "expected a list of paths, found \(named.kindDescription)"
            )
        }
        var bases: [String] = []
        for item in items {
            guard case .scalar(let base, _) = item.content else {
                throw ConfigurationError(
                    origin: item.origin, key: baseKey, "expected a path, found \(item.kindDescription)")
            }
            bases.append(base)
        }
        let rest = members.filter { $0.key != baseKey }
        return (ConfigNode(content: .mapping(rest), origin: tree.origin), bases)
    }
}
