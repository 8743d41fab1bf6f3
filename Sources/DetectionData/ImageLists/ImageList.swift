internal import Foundation

/// The images of a data set: which they are and where they lie. Sizes are read from the files where no list has them.
package struct ImageList: Sendable {
    package enum Layout: String, Sendable {
        case coco = "COCO file"
        /// `JPEGImages` and `Annotations`, as PASCAL VOC has them.
        case voc = "VOC tree"
        /// A folder for each class, as ImageNet has them.
        case imageNet = "ImageNet folder"
        case folder = "plain folder"
    }

    package let layout: Layout
    /// What messages call the list.
    package let source: String
    /// What file names are relative to.
    package let folder: String
    private let entries: Entries

    private enum Entries: Sendable {
        case listed([COCOAnnotations.ImageRecord])
        case found([String])
    }

    private init(_ layout: Layout, source: String, folder: String, _ entries: Entries) {
        (self.layout, self.source, self.folder, self.entries) = (layout, source, folder, entries)
    }

    package var count: Int {
        switch entries {
        case .listed(let records): records.count
        case .found(let names): names.count
        }
    }

    /// File names in the order of the list.
    package var names: [String] {
        switch entries {
        case .listed(let records): records.map(\.fileName)
        case .found(let names): names
        }
    }

    /// Finds out what lies at `path` and lists its images.
    ///
    /// Images of folders come in the order of their names and are numbered from 1.
    /// - Parameters:
    ///   - imageFolder: of a COCO file, which needs one; nil otherwise.
    ///   - split: of a VOC tree, the name of a list in `ImageSets/Main`; nil for all images.
    /// - Throws: for a path that is not there, a list without images or with an image twice, and an image that is missing.
    package static func open(
        _ path: String, imageFolder: String? = nil, split: String? = nil
    ) throws(DataError) -> ImageList {
        var isFolder: ObjCBool = false
        guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) else {
            throw DataError(
                .missingInput, "\(path): there is no such file or folder", hint: "check the path")
        }
        guard isFolder.boolValue else {
            guard split == nil else {
                throw DataError(.usage, "\(path) is a file: splits are chosen in VOC trees alone")
            }
            return try file(path, imageFolder: imageFolder)
        }
        guard imageFolder == nil else {
            throw DataError(.usage, "\(path) is a folder of images: no other image folder can be named")
        }
        let root = path.count > 1 && path.hasSuffix("/") ? String(path.dropLast()) : path
        let tree = try FolderListing(root)
        if tree.folders.contains("JPEGImages") { return try voc(root, split: split) }
        guard split == nil else {
            throw DataError(
                .usage, "\(path) has no JPEGImages: splits are chosen in VOC trees alone",
                hint: "name the folder of one year, such as VOCdevkit/VOC2007")
        }
        if !tree.images.isEmpty { return ImageList(.folder, source: root, folder: root, .found(tree.images)) }
        var names: [String] = []
        for child in tree.folders {
            names += try FolderListing("\(root)/\(child)").images.map { "\(child)/\($0)" }
        }
        guard !names.isEmpty else {
            throw DataError(
                .badInput, "\(path): holds no .jpg, .jpeg or .png file, nor does a folder in it",
                hint: "name a COCO file, a VOC tree, a folder of images or a folder of such folders")
        }
        return ImageList(.imageNet, source: root, folder: root, .found(names))
    }

    /// Id, name and size of the images at some positions.
    /// - Parameters:
    ///   - orientation: whether a camera's note turns sides that are read from a file.
    ///   - threadCount: threads that read headers.
    /// - Throws: naming the first file whose header cannot be read.
    package func records(
        _ positions: Range<Int>, orientation: ImageFile.Orientation, threadCount: Int
    ) throws(DataError) -> [COCOAnnotations.ImageRecord] {
        switch entries {
        case .listed(let records): return Array(records[positions])
        case .found(let names):
            let folder = folder
            let sizes = try ParallelImages(count: positions.count, threadCount: threadCount) {
                index throws(DataError) in
                try ImageFile.size(
                    path: "\(folder)/\(names[positions.lowerBound + index])", orientation: orientation)
            }.values()
            return zip(positions, sizes).map { position, size in
                COCOAnnotations.ImageRecord(
                    id: position + 1, fileName: names[position], width: size.width, height: size.height)
            }
        }
    }

    private static func file(_ path: String, imageFolder: String?) throws(DataError) -> ImageList {
        guard let imageFolder else {
            throw DataError(.usage, "\(path) is a COCO file: name its image folder with --images")
        }
        let records = try COCOAnnotations.read(path: path, for: .imageList).images
        guard !records.isEmpty else { throw DataError(.badInput, "\(path): lists no images") }
        var seen = Set<Int>(minimumCapacity: records.count)
        for record in records {
            guard seen.insert(record.id).inserted else {
                throw DataError(.badInput, "\(path): image id \(record.id) is used twice")
            }
            guard record.width > 0, record.height > 0 else {
                throw DataError(
                    .badInput,
                    "\(path): image \(record.id) (\(record.fileName)) is \(record.width)x\(record.height)")
            }
        }
        let missing = try ImageFolder(imageFolder).missing(records.map(\.fileName))
        if let first = missing.first {
            throw DataError(
                .missingInput,
                "\(imageFolder)/\(records[first].fileName): not there, nor \(missing.count - 1) more of "
                    + "\(records.count) images of \(path)", hint: "is --images the folder of this file?")
        }
        return ImageList(.coco, source: path, folder: imageFolder, .listed(records))
    }

    private static func voc(_ root: String, split: String?) throws(DataError) -> ImageList {
        let folder = "\(root)/JPEGImages"
        let there = try FolderListing(folder).images
        guard !there.isEmpty else { throw DataError(.badInput, "\(folder): holds no images") }
        guard let split else { return ImageList(.voc, source: root, folder: folder, .found(there)) }
        let tree = VOCTree(root)
        let list = tree.listPath(split)
        let nameOfStem = Dictionary(
            there.map { (String($0.prefix(upTo: $0.lastIndex(of: ".") ?? $0.endIndex)), $0) },
            uniquingKeysWith: { first, _ in first })
        var names: [String] = []
        for stem in try tree.listed(split) {
            guard let name = nameOfStem[stem] else {
                throw DataError(.missingInput, "\(list): image '\(stem)' is not in \(folder)")
            }
            names.append(name)
        }
        return ImageList(.voc, source: list, folder: folder, .found(names))
    }
}
