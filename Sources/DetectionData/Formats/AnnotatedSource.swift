internal import Foundation

/// A data set as it lies on the disk, whatever its layout.
package struct AnnotatedSource {
    package enum Layout: String, Sendable {
        case coco = "COCO file"
        case voc = "VOC tree"
        /// A folder for each class, as ImageNet has them.
        case classFolders = "folder of class folders"
        case folder = "plain folder"
    }

    package let layout: Layout
    package let annotations: COCOAnnotations
    /// What file names are relative to; nil for a COCO file whose folder was not named.
    package let imageFolder: String?

    /// Finds out what lies at `path` and reads it. Folders without annotations give images alone, numbered from 1 in the
    /// order of their names, with a category for each class folder.
    /// - Parameters:
    ///   - imageFolder: of a COCO file; nil otherwise.
    ///   - split: a list of a VOC tree.
    ///   - acceptsNonFinite: takes `NaN` and `Infinity` in a COCO file, so that a check can name their owners.
    /// - Throws: naming what is missing or cannot be read.
    package static func read(
        _ path: String, imageFolder: String? = nil, split: String? = nil, acceptsNonFinite: Bool = false,
        withMasks: Bool = false
    ) throws(DataError) -> AnnotatedSource {
        var isFolder: ObjCBool = false
        guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) else {
            throw DataError(.missingInput, "\(path): there is no such file or folder", hint: "check the path")
        }
        guard isFolder.boolValue else {
            guard split == nil else {
                throw DataError(.usage, "\(path): lists are chosen in VOC trees alone")
            }
            return AnnotatedSource(
                layout: .coco,
                annotations: try COCOAnnotations.read(
                    path: path, for: .imageList, withMasks: withMasks, acceptsNonFinite: acceptsNonFinite),
                imageFolder: imageFolder)
        }
        guard imageFolder == nil else {
            throw DataError(.usage, "\(path) is a folder of images: --images is for COCO files")
        }
        if VOCTree.isOne(path) {
            let tree = VOCTree(path)
            return AnnotatedSource(
                layout: .voc, annotations: try tree.annotations(split: split), imageFolder: tree.imageFolder)
        }
        guard split == nil else {
            throw DataError(
                .usage, "\(path): lists are chosen in VOC trees alone", hint: "such as VOCdevkit/VOC2007")
        }
        return try pictures(path)
    }

    private static func pictures(_ path: String) throws(DataError) -> AnnotatedSource {
        let root = path.count > 1 && path.hasSuffix("/") ? String(path.dropLast()) : path
        let names = try FolderContents.names(root)
        var files = names.filter(isPicture)
        var classes: [String] = []
        if files.isEmpty {
            for name in names {
                var isFolder: ObjCBool = false
                guard FileManager.default.fileExists(atPath: "\(root)/\(name)", isDirectory: &isFolder),
                    isFolder.boolValue
                else { continue }
                let own = try FolderContents.names("\(root)/\(name)").filter(isPicture)
                if own.isEmpty { continue }
                classes.append(name)
                files += own.map { "\(name)/\($0)" }
            }
        }
        guard !files.isEmpty else {
            throw DataError(
                .badInput, "\(path): holds no .jpg, .jpeg or .png file, nor does a folder in it",
                hint: "name a COCO file, a VOC tree, a folder of images or a folder of such folders")
        }
        var images: [COCOAnnotations.ImageRecord] = []
        for (index, file) in files.enumerated() {
            let size = try ImageFile.size(path: "\(root)/\(file)", orientation: .apply)
            images.append(.init(id: index + 1, fileName: file, width: size.width, height: size.height))
        }
        return AnnotatedSource(
            layout: classes.isEmpty ? .folder : .classFolders,
            annotations: COCOAnnotations(
                images: images, categories: classes.enumerated().map { .init(id: $0 + 1, name: $1) },
                annotations: [],
                source: root),
            imageFolder: root)
    }

    private static func isPicture(_ name: String) -> Bool {
        ["jpg", "jpeg", "png"].contains((name as NSString).pathExtension.lowercased())
    }
}
