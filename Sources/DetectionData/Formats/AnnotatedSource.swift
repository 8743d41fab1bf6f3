internal import Foundation

/// A data set as it lies on the disk, whatever its layout.
package struct AnnotatedSource {
    package let layout: ImageList.Layout
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
        return try pictures(ImageList.open(path, split: split))
    }

    private static func pictures(_ list: ImageList) throws(DataError) -> AnnotatedSource {
        let images = try list.records(0..<list.count, orientation: .apply, threadCount: 1)
        var classes: [String] = []
        if list.layout == .imageNet {
            // In order, as the images are.
            for image in images {
                let folder = String(image.fileName.prefix { $0 != "/" })
                if classes.last != folder { classes.append(folder) }
            }
        }
        return AnnotatedSource(
            layout: list.layout,
            annotations: COCOAnnotations(
                images: images, categories: classes.enumerated().map { .init(id: $0 + 1, name: $1) },
                annotations: [], source: list.source),
            imageFolder: list.folder)
    }
}
