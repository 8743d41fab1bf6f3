internal import DetectionData
internal import Foundation

/// A folder that results go to.
enum OutputFolder {
    static func make(_ path: String) throws {
        do {
            try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        } catch {
            throw DataError(.output, "\(path): \(error.localizedDescription)", hint: "choose another folder")
        }
    }

    /// A file name for the picture drawn from `path`; numbered where two inputs share a name.
    static func name(of path: String, number: Int, among paths: [String]) -> String {
        let name = URL(fileURLWithPath: path).lastPathComponent
        let isShared = paths.filter { URL(fileURLWithPath: $0).lastPathComponent == name }.count > 1
        let known = ["jpg", "jpeg", "png"].contains((name as NSString).pathExtension.lowercased())
        return (isShared ? "\(number)_" : "") + name + (known ? "" : ".png")
    }
}
