import Foundation

/// A folder of one test, removed with it.
final class WorkFolder {
    let path: String

    init() throws {
        path =
            FileManager.default.temporaryDirectory.appendingPathComponent("aligndet-" + UUID().uuidString)
            .path
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    deinit {
        do { try FileManager.default.removeItem(atPath: path) } catch { print("\(path) stays: \(error)") }
    }

    func file(_ name: String) -> String { "\(path)/\(name)" }

    func bytes(_ name: String) throws -> Data { try Data(contentsOf: URL(fileURLWithPath: file(name))) }

    func text(_ name: String) throws -> String { String(decoding: try bytes(name), as: UTF8.self) }

    func write(_ data: Data, _ name: String) throws { try data.write(to: URL(fileURLWithPath: file(name))) }

    func write(_ text: String, _ name: String) throws { try write(Data(text.utf8), name) }

    /// Names below `name`, sorted; empty where there is no such folder.
    func names(_ name: String = "") -> [String] {
        ((try? FileManager.default.contentsOfDirectory(atPath: file(name))) ?? []).sorted()
    }

    /// A new file, open for writing.
    func opened(_ name: String) throws -> FileHandle {
        try write(Data(), name)
        return try FileHandle(forWritingTo: URL(fileURLWithPath: file(name)))
    }
}
