internal import Foundation

/// What a folder holds, by name and in order: folders, and files that are images by their names.
struct FolderListing {
    let folders: [String]
    let images: [String]

    init(_ path: String) throws(DataError) {
        let url = URL(fileURLWithPath: path, isDirectory: true)
        let contents: [URL]
        do {
            contents = try FileManager.default.contentsOfDirectory(
                at: url, includingPropertiesForKeys: [.isDirectoryKey], options: [.skipsHiddenFiles])
        } catch {
            throw DataError(.missingInput, "\(path): \(error.localizedDescription)", hint: "check the path")
        }
        var folders: [String] = []
        var images: [String] = []
        for entry in contents {
            if ["jpg", "jpeg", "png"].contains(entry.pathExtension.lowercased()) {
                images.append(entry.lastPathComponent)
            } else if (try? entry.resourceValues(forKeys: [.isDirectoryKey]))?.isDirectory == true
                || Self.isFolder(entry)
            {
                folders.append(entry.lastPathComponent)
            }
        }
        (self.folders, self.images) = (folders.sorted(), images.sorted())
    }

    /// Links to folders count as folders.
    private static func isFolder(_ entry: URL) -> Bool {
        var isFolder: ObjCBool = false
        return FileManager.default.fileExists(atPath: entry.path, isDirectory: &isFolder)
            && isFolder.boolValue
    }
}
