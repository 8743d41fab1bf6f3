/// Divides a COCO file into the labelled part of a low-data fold and the rest, entries copied as they are written.
///
/// The same images, in the file's order, as the published folds; see `LabelFold`.
/// - Source: AlignDet's `generate_semi_coco.py`, which keeps `info`, `licenses` and `categories` and divides `images`
///   and `annotations`.
package struct COCOSplit {
    private struct Entry {
        let image: Int
        let bytes: Range<Int>
    }

    private let path: String
    private let text: FileText
    private var images: [Entry] = []
    private var annotations: [Entry] = []
    /// Keys and values that both parts get.
    private var shared: [(key: String, bytes: Range<Int>)] = []

    package var imageCount: Int { images.count }

    /// Finds where a file's entries are.
    /// - Throws: naming the file and the place of what is no COCO file.
    package init(path: String) throws(DataError) {
        self.path = path
        text = try FileText(path)
        var scanner = text.scanner()
        try scanner.beginObject()
        while let key = try scanner.nextKey() {
            switch key {
            case "images": images = try Self.entries(&scanner, "id", "image")
            case "annotations": annotations = try Self.entries(&scanner, "image_id", "annotation")
            case "info", "licenses", "categories":
                let name = key.text
                shared.append((name, try Self.range(&scanner)))
            default: try scanner.skipValue()
            }
        }
        try scanner.finish()
        guard !images.isEmpty else { throw DataError(.badInput, "\(path): has no images to divide") }
        var seen: Set<Int> = []
        for entry in images where !seen.insert(entry.image).inserted {
            throw DataError(.badInput, "\(path): image id \(entry.image) is used twice")
        }
        for (index, entry) in annotations.enumerated() where !seen.contains(entry.image) {
            throw DataError(
                .badInput, "\(path): annotation entry \(index) is of image \(entry.image), which is not there"
            )
        }
    }

    /// Writes both parts.
    /// - Throws: `.usage` where the fold would be empty, `.output` from the disk.
    package func write(
        percent: Double, seed: UInt32, labelled: String, unlabelled: String
    ) throws(DataError) {
        guard percent > 0, percent <= 100, LabelFold.count(of: images.count, percent: percent) > 0 else {
            throw DataError(.usage, "\(path): \(percent) percent of \(images.count) images are none")
        }
        let drawn = Set(LabelFold.positions(of: images.count, percent: percent, seed: seed))
        let ids = Set(drawn.map { images[$0].image })
        for (path, isLabelled) in [(labelled, true), (unlabelled, false)] {
            var bytes: [UInt8] = Array("{".utf8)
            func append(_ key: String, _ entries: [Entry]) {
                bytes += "\"\(key)\":[".utf8
                for (n, entry) in entries.enumerated() {
                    if n > 0 { bytes.append(UInt8(ascii: ",")) }
                    bytes += text[entry.bytes]
                }
                bytes.append(UInt8(ascii: "]"))
            }
            append("images", images.filter { ids.contains($0.image) == isLabelled })
            bytes.append(UInt8(ascii: ","))
            append("annotations", annotations.filter { ids.contains($0.image) == isLabelled })
            for (key, range) in shared {
                bytes += ",\"\(key)\":".utf8
                bytes += text[range]
            }
            bytes.append(UInt8(ascii: "}"))
            try AtomicFile.write(bytes, path: path)
        }
    }

    private static func range(_ scanner: inout JSONScanner) throws(DataError) -> Range<Int> {
        let start = scanner.nextOffset()
        try scanner.skipValue()
        return start..<scanner.position
    }

    private static func entries(
        _ scanner: inout JSONScanner, _ idKey: StaticString, _ noun: String
    ) throws(DataError) -> [Entry] {
        try scanner.list { scanner, index throws(DataError) in
            let start = scanner.nextOffset()
            var image: Int?
            try scanner.beginObject()
            while let key = try scanner.nextKey() {
                if idKey ~= key { image = try scanner.integer() } else { try scanner.skipValue() }
            }
            guard let image else {
                throw scanner.missing("\(idKey)", Place(noun: noun, id: nil, index: index, offset: start))
            }
            return Entry(image: image, bytes: start..<scanner.position)
        }
    }
}

/// A mapped JSON file of which parts are copied.
private struct FileText {
    private let source: JSONSource

    init(_ path: String) throws(DataError) { source = try JSONSource(path: path) }

    func scanner() -> JSONScanner { JSONScanner(source: source) }

    subscript(range: Range<Int>) -> UnsafeBufferPointer<UInt8> {
        UnsafeBufferPointer(start: source.base + range.lowerBound, count: range.count)
    }
}
