internal import Foundation

/// The photographs, backbone weights and quick recipes that come with the program.
enum BuiltIn {
    /// What `builtin:` stands for in paths.
    static var root: String { Bundle.module.bundleURL.appendingPathComponent("BuiltIn").path }
    static let quickPretraining = "builtin:quick/pretrain.yaml"
}
