/// A file of box proposals: a plain COCO detection file with the one class `selective_search`, boxes of an image best
/// first, whose `info` says how it was made and for which images.
package enum ProposalFile {
    /// The class name that AlignDet's proposal files carry.
    package static let className = "selective_search"

    /// Writes the proposals of all images as one file, whole or not at all.
    /// - proposals: one list per image, best first, in the image's own pixels; a list may be empty.
    package static func write(
        _ proposals: [[Box]], for images: [COCOAnnotations.ImageRecord], info: Info, to path: String
    ) throws(DataError) {
        precondition(proposals.count == images.count, "\(proposals.count) lists for \(images.count) images")
        let boxCount = proposals.reduce(0) { $0 + $1.count }
        var writer = JSONWriter(reservingByteCount: 100 * (boxCount + images.count))
        writer.beginObject()
        // First, so that reading it back need not pass over the boxes.
        writer.key("info")
        info.write(to: &writer)
        writer.list("images") { writer in
            for image in images {
                writer.beginObject()
                writer.member("id", image.id)
                writer.member("file_name", image.fileName)
                writer.member("width", image.width)
                writer.member("height", image.height)
                writer.endObject()
            }
        }
        writer.list("categories") { writer in
            writer.beginObject()
            writer.member("id", 1)
            writer.member("name", className)
            writer.endObject()
        }
        writer.list("annotations") { writer in
            var id = 0
            for (image, boxes) in zip(images, proposals) {
                for box in boxes {
                    id += 1
                    write(box, id: id, imageID: image.id, to: &writer)
                }
            }
        }
        writer.endObject()
        try writer.write(path: path)
    }

    private static func write(_ box: Box, id: Int, imageID: Int, to writer: inout JSONWriter) {
        writer.beginObject()
        writer.member("id", id)
        writer.member("image_id", imageID)
        writer.member("category_id", 1)
        writer.list("bbox") { writer in
            for number in [box.x1, box.y1, box.width, box.height] { writer.shortValue(number) }
        }
        writer.key("area")
        writer.shortValue(box.width * box.height)
        writer.member("iscrowd", 0)
        writer.endObject()
    }

    /// The `info` of a file that this program wrote; nil for a file of other origin.
    package static func info(ofFile path: String) throws(DataError) -> Info? {
        var scanner = try JSONScanner(path: path)
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
    /// - Source: FNV-1a, 64 bits (Fowler, Noll, Vo); tells lists apart, guards against no attacker.
    package static func digest(of images: [COCOAnnotations.ImageRecord]) -> String {
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        for image in images {
            for byte in "\(image.id)\t\(image.fileName)\t\(image.width)\t\(image.height)\n".utf8 {
                hash = (hash ^ UInt64(byte)) &* 0x0000_0100_0000_01b3
            }
        }
        let digits = String(hash, radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
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

    fileprivate mutating func list(_ key: StaticString, _ elements: (inout JSONWriter) -> Void) {
        self.key(key)
        beginArray()
        elements(&self)
        endArray()
    }

    /// A whole number without a fraction: most proposals are whole pixels, and files are large.
    fileprivate mutating func shortValue(_ value: Float) {
        if let whole = Int(exactly: value) { self.value(whole) } else { self.value(Double(value)) }
    }
}
