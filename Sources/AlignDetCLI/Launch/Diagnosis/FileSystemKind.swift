internal import Foundation

/// What kind of file system a folder lies on.
enum FileSystemKind {
    /// As the system names it, e.g. `ext4` or `nfs4`.
    static func name(of path: String) -> String {
        let whole = URL(fileURLWithPath: path).resolvingSymlinksInPath().path + "/"
        let table = (try? String(contentsOfFile: "/proc/self/mounts", encoding: .utf8)) ?? ""
        var best = (point: "", kind: "unknown")
        for line in table.split(separator: "\n") {
            let words = line.split(separator: " ")
            guard words.count > 2 else { continue }
            let point = words[1].replacingOccurrences(of: "\\040", with: " ")
            let prefix = point.hasSuffix("/") ? point : point + "/"
            // A later line covers an earlier one of the same place.
            if whole.hasPrefix(prefix), prefix.count >= best.point.count { best = (prefix, String(words[2])) }
        }
        return best.kind == "tmpfs" ? "tmpfs (memory: gone after a restart)" : best.kind
    }

    static func freeByteCount(of path: String) -> Int {
        let attributes = try? FileManager.default.attributesOfFileSystem(forPath: path)
        return (attributes?[.systemFreeSize] as? NSNumber)?.intValue ?? 0
    }
}
