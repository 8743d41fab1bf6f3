internal import Foundation

/// A data set as PASCAL VOC lays it out: `JPEGImages`, `Annotations` and lists in `ImageSets/Main`.
///
/// Boxes there are of whole pixels from 1, the last one included; ours begin at `xmin - 1` and are `xmax - xmin + 1`
/// wide. Objects that are `difficult` become `ignore`.
package struct VOCTree {
    /// The twenty classes of PASCAL VOC, in their usual order.
    static let classNames = [
        "aeroplane", "bicycle", "bird", "boat", "bottle", "bus", "car", "cat", "chair", "cow", "diningtable",
        "dog",
        "horse", "motorbike", "person", "pottedplant", "sheep", "sofa", "train", "tvmonitor",
    ]

    private let root: String

    /// - root: the folder of one year, such as `VOCdevkit/VOC2007`.
    package init(_ root: String) {
        self.root = root.count > 1 && root.hasSuffix("/") ? String(root.dropLast()) : root
    }

    package static func isOne(_ path: String) -> Bool {
        let files = FileManager.default
        return files.fileExists(atPath: "\(path)/JPEGImages")
            && files.fileExists(atPath: "\(path)/Annotations")
    }

    package var imageFolder: String { "\(root)/JPEGImages" }

    /// Images, classes and objects.
    ///
    /// Images keep their number where all names are numbers, else they are numbered from 1 in the order of the list.
    /// Classes are VOC's twenty where no others occur, else those that occur, by name.
    /// - split: the name of a list in `ImageSets/Main`; nil for every annotation file.
    /// - Throws: naming the list, or the annotation file and line, that is missing or wrong.
    package func annotations(split: String?) throws(DataError) -> COCOAnnotations {
        let stems = try stems(split)
        let pictures = Dictionary(
            try FolderContents.names(imageFolder).map { (($0 as NSString).deletingPathExtension, $0) },
            uniquingKeysWith: { first, _ in first })
        let numbers = stems.compactMap { Int($0) }
        let keepsNumbers = numbers.count == stems.count && Set(numbers).count == stems.count
        var images: [COCOAnnotations.ImageRecord] = []
        var objects: [(image: Int, object: Object)] = []
        for (index, stem) in stems.enumerated() {
            let path = "\(root)/Annotations/\(stem).xml"
            let element = try XMLElement.read(try FileBytes.read(path).bytes, name: path)
            guard element.name == "annotation" else {
                throw DataError(.badInput, "\(path): begins with <\(element.name)>, not <annotation>")
            }
            // The list's name counts: what `filename` says was changed in many a data set.
            let fileName = pictures[stem] ?? "\(stem).jpg"
            let size = try size(element, fileName, path)
            let id = keepsNumbers ? numbers[index] : index + 1
            images.append(.init(id: id, fileName: fileName, width: size.width, height: size.height))
            for (number, child) in element.all("object").enumerated() {
                objects.append((id, try Object(child, "\(path): object \(number)")))
            }
        }
        let occurring = Set(objects.map(\.object.name))
        let names = occurring.isSubset(of: Self.classNames) ? Self.classNames : occurring.sorted()
        let idOfName = Dictionary(uniqueKeysWithValues: names.enumerated().map { ($1, $0 + 1) })
        return COCOAnnotations(
            images: images, categories: names.enumerated().map { .init(id: $0 + 1, name: $1) },
            annotations: objects.enumerated().map { index, entry in
                let box = entry.object.box
                return COCOAnnotations.Annotation(
                    id: index + 1, imageID: entry.image, categoryID: idOfName[entry.object.name] ?? 0,
                    bbox: box,
                    area: box.width * box.height, ignore: entry.object.isDifficult)
            }, source: split.map { listPath($0) } ?? root)
    }

    private func stems(_ split: String?) throws(DataError) -> [String] {
        guard let split else {
            let stems = try FolderContents.names("\(root)/Annotations").filter { $0.hasSuffix(".xml") }
                .map { String($0.dropLast(4)) }
            guard !stems.isEmpty else {
                throw DataError(.badInput, "\(root)/Annotations: holds no .xml file")
            }
            return stems
        }
        return try listed(split)
    }

    /// The file of a list.
    func listPath(_ split: String) -> String { "\(root)/ImageSets/Main/\(split).txt" }

    /// Names in a list, without their endings, in its order.
    /// - Throws: naming a list that is not there or empty.
    func listed(_ split: String) throws(DataError) -> [String] {
        let list = listPath(split)
        let lines = String(decoding: try FileBytes.read(list).bytes, as: UTF8.self).split(
            whereSeparator: \.isNewline)
        // Lists of one class have a second column.
        let stems = lines.compactMap { $0.split(separator: " ").first.map(String.init) }
        guard !stems.isEmpty else { throw DataError(.badInput, "\(list): lists no images") }
        return stems
    }

    private func size(
        _ element: XMLElement, _ fileName: String, _ path: String
    ) throws(DataError) -> (width: Int, height: Int) {
        if let size = element["size"], let width = size["width"].flatMap({ Int($0.text) }),
            let height = size["height"].flatMap({ Int($0.text) }), width > 0, height > 0
        {
            return (width, height)
        }
        do throws(DataError) {
            return try ImageFile.size(path: "\(imageFolder)/\(fileName)", orientation: .asStored)
        } catch {
            throw DataError(.badInput, "\(path): has no <size>, and the picture gives none: \(error.message)")
        }
    }

    /// One `<object>`.
    private struct Object {
        let name: String
        let isDifficult: Bool
        let box: (x: Double, y: Double, width: Double, height: Double)

        init(_ element: XMLElement, _ place: String) throws(DataError) {
            guard let name = element["name"]?.text, !name.isEmpty else {
                throw DataError(.badInput, "\(place): has no <name>")
            }
            guard let bounds = element["bndbox"] else {
                throw DataError(.badInput, "\(place): has no <bndbox>")
            }
            var sides: [Double] = []
            for key in ["xmin", "ymin", "xmax", "ymax"] {
                guard let side = bounds[key].flatMap({ Double($0.text) }) else {
                    throw DataError(
                        .badInput, "\(place): <\(key)> is '\(bounds[key]?.text ?? "")', not a number")
                }
                sides.append(side)
            }
            self.name = name
            isDifficult = element["difficult"]?.text == "1"
            box = (sides[0] - 1, sides[1] - 1, sides[2] - sides[0] + 1, sides[3] - sides[1] + 1)
        }
    }
}

/// What a folder holds.
enum FolderContents {
    /// Names in order, hidden files left out.
    static func names(_ path: String) throws(DataError) -> [String] {
        do {
            return try FileManager.default.contentsOfDirectory(atPath: path).filter { !$0.hasPrefix(".") }
                .sorted()
        } catch {
            throw DataError(.missingInput, "\(path): \(error.localizedDescription)", hint: "check the path")
        }
    }
}
