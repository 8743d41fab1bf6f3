package import Foundation

/// Numbers made by programs that are not ours, each folder with the script that made them.
package enum Golden {
    /// The file or folder `path` below `Tests/TestSupport/Golden`.
    package static func url(_ path: String) -> URL {
        Bundle.module.bundleURL.appendingPathComponent("Golden").appendingPathComponent(path)
    }

    package static func data(_ path: String) throws -> Data { try Data(contentsOf: url(path)) }
}
