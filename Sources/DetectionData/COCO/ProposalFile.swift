/// A file of box proposals: a plain COCO detection file with the one class `selective_search`, boxes of an image best
/// first, whose `info` says how it was made and for which images.
package enum ProposalFile {
    /// The class name that AlignDet's proposal files carry.
    package static let className = "selective_search"

    /// Bytes that are held before they go to the file.
    private static let pieceByteCount = 1 << 20

    /// Writes the proposals of all images as one file, whole or not at all.
    /// - proposals: one list per image, best first, in the image's own pixels; a list may be empty.
    package static func write(
        _ proposals: [[Box]], for images: [COCOAnnotations.ImageRecord], info: Info, to path: String
    ) throws(DataError) {
        precondition(proposals.count == images.count, "\(proposals.count) lists for \(images.count) images")
        _ = try write(for: images, info: info, to: path) { proposals[$0] }
    }

    /// The same with boxes that are asked for image by image, in order: of a large data set they are many gigabytes.
    /// - Returns: the number of boxes.
    package static func write(
        for images: [COCOAnnotations.ImageRecord], info: Info, to path: String,
        boxes: (_ image: Int) throws(DataError) -> [Box]
    ) throws(DataError) -> Int {
        try write(
            for: images, info: info, categories: [COCOAnnotations.Category(id: 1, name: className)], to: path
        ) { image throws(DataError) in try boxes(image).map { ($0, 1) } }
    }

    /// The same with a category for each box.
    package static func write(
        for images: [COCOAnnotations.ImageRecord], info: Info, categories: [COCOAnnotations.Category],
        to path: String, boxes: (_ image: Int) throws(DataError) -> [(box: Box, categoryID: Int)]
    ) throws(DataError) -> Int {
        var count = 0
        try AtomicFile.write(path: path) { sink throws(DataError) in
            var writer = JSONWriter(reservingByteCount: 2 * pieceByteCount)
            writer.beginObject()
            // First, so that reading it back need not pass over the boxes.
            writer.key("info")
            info.write(to: &writer)
            writer.list("images", images) { writer, image in writer.image(image) }
            writer.list("categories", categories) { writer, category in
                writer.beginObject()
                writer.member("id", category.id)
                writer.member("name", category.name)
                writer.endObject()
            }
            writer.key("annotations")
            writer.beginArray()
            for (index, image) in images.enumerated() {
                for (box, categoryID) in try boxes(index) {
                    count += 1
                    write(box, id: count, imageID: image.id, categoryID: categoryID, to: &writer)
                }
                if writer.bytes.count > pieceByteCount { try sink(writer.drain()) }
            }
            writer.endArray()
            writer.endObject()
            try sink(writer.bytes)
        }
        return count
    }

    private static func write(
        _ box: Box, id: Int, imageID: Int, categoryID: Int, to writer: inout JSONWriter
    ) {
        writer.beginObject()
        writer.member("id", id)
        writer.member("image_id", imageID)
        writer.member("category_id", categoryID)
        writer.list("bbox", [box.x1, box.y1, box.width, box.height]) { writer, number in
            writer.shortValue(number)
        }
        writer.key("area")
        writer.shortValue(box.width * box.height)
        writer.member("iscrowd", 0)
        writer.endObject()
    }

    /// The `info` of a file that this program wrote; nil for a file of other origin.
    package static func info(ofFile path: String) throws(DataError) -> Info? {
        // Boxes that have to be passed over are not judged here.
        var scanner = try JSONScanner(path: path, acceptsNonFinite: true)
        try scanner.beginObject()
        while let key = try scanner.nextKey() {
            if case "info" = key { return try scanner.kind() == .object ? Info(&scanner) : nil }
            try scanner.skipValue()
        }
        return nil
    }

    /// Throws where the file of proposals at `path` was made for another list of images than `dataset` has.
    package static func check(
        _ info: Info, ofFile path: String, against dataset: COCOAnnotations
    ) throws(DataError) {
        let digest = digest(of: dataset.images)
        guard info.imageListDigest != digest else { return }
        throw DataError(
            .badInput,
            "\(path): proposals for \(info.imageCount) images with digest \(info.imageListDigest), but "
                + "\(dataset.source) has \(dataset.images.count) with digest \(digest)",
            hint: "make the proposals again for this data set")
    }

    /// Sixteen hexadecimal digits over ids, names and sizes of the images, in order.
    package static func digest(of images: [COCOAnnotations.ImageRecord]) -> String {
        var hash = FNVHash()
        for image in images {
            hash.add("\(image.id)\t\(image.fileName)\t\(image.width)\t\(image.height)\n".utf8)
        }
        return hash.text
    }
}

extension JSONWriter {
    fileprivate mutating func member(_ key: StaticString, _ value: Int) {
        self.key(key)
        self.value(value)
    }

    fileprivate mutating func member(_ key: StaticString, _ value: String) {
        self.key(key)
        self.value(value)
    }

    fileprivate mutating func list<Element>(
        _ key: StaticString, _ elements: [Element], _ write: (inout JSONWriter, Element) -> Void
    ) {
        self.key(key)
        beginArray()
        for element in elements { write(&self, element) }
        endArray()
    }

    fileprivate mutating func image(_ image: COCOAnnotations.ImageRecord) {
        beginObject()
        member("id", image.id)
        member("file_name", image.fileName)
        member("width", image.width)
        member("height", image.height)
        endObject()
    }

    /// A whole number without a fraction: most proposals are whole pixels, and files are large.
    fileprivate mutating func shortValue(_ value: Float) {
        if let whole = Int(exactly: value) { self.value(whole) } else { self.value(Double(value)) }
    }
}
