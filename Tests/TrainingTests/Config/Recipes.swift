import Foundation

@testable import Training

/// The recipes of this repository, found from where this file stands.
enum Recipes {
    static let root = URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().path
    static let builtInRoot = root + "/Sources/AlignDetCLI/BuiltIn"

    /// Every file that is not a base, relative to `configs`, sorted.
    static func all() throws -> [String] {
        let manager = FileManager.default
        return try manager.contentsOfDirectory(atPath: root + "/configs").sorted().flatMap { folder in
            // A link to a folder is followed only if its path says so.
            let files = try? manager.contentsOfDirectory(atPath: "\(root)/configs/\(folder)/.")
            return folder == "_base_"
                ? []
                : (files ?? []).filter { $0.hasSuffix(".yaml") }.sorted().map {
                    "\(folder)/\($0)"
                }
        }
    }

    static func load(_ name: String, _ overrides: [String] = []) throws -> RunConfig {
        try RunConfig.load(path: "\(root)/configs/\(name)", overrides: overrides, builtInRoot: builtInRoot)
    }
}
