/// A path in a configuration. A relative one is relative to the current working directory, as in MMDetection;
/// one that begins with `builtin:` lies in the program's own folder of photographs, weights and recipes.
package struct ConfigPath: Sendable, Equatable {
    package static let builtInPrefix = "builtin:"

    /// As written.
    package let text: String
    /// What to open.
    package let resolved: String

    package init(_ text: String, builtInRoot: String) {
        self.text = text
        let isBuiltIn = text.hasPrefix(Self.builtInPrefix)
        resolved = isBuiltIn ? "\(builtInRoot)/\(text.dropFirst(Self.builtInPrefix.count))" : text
    }
}
