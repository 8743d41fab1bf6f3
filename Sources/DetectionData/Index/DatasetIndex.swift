internal import Foundation

/// The images, boxes, labels and outlines of a data set, as its options chose them, in one stretch of memory: as a file
/// that all ranks of a node map, it is there once for all of them.
///
/// The file is little-endian: words of 64 bits for magic, version, origin, digest of the rest and each section's offset
/// and length, then the sections, each at a multiple of 64.
struct DatasetIndex: Sendable {
    /// Of the file, in this order.
    enum Section: Int, CaseIterable {
        /// `Metadata` as JSON.
        case metadata
        /// One of 64 bits an image.
        case imageIDs
        /// Width and height, 32 bits each, an image.
        case imageSizes
        /// Of each image's file name in `names`, and their end; 64 bits.
        case nameStarts
        case names
        /// Of each image's boxes, and their end; 64 bits.
        case boxStarts
        /// Four floats a box.
        case boxes
        /// One of 32 bits a box.
        case labels
        /// Of each box's outline in `outlines`, in words, and their end; 64 bits. Empty without outlines.
        case outlineStarts
        /// See `OutlineWords`.
        case outlines
    }

    /// What there is one of.
    struct Metadata: Codable {
        let source: String
        let classNames: [String]
        let categoryIDs: [Int]
        let report: DatasetReport

        /// As JSON.
        var text: [UInt8] {
            guard let text = try? JSONEncoder().encode(self) else {
                preconditionFailure("names and numbers of \(source) cannot be written as JSON")
            }
            return [UInt8](text)
        }

        init(source: String, classNames: [String], categoryIDs: [Int], report: DatasetReport) {
            self.source = source
            self.classNames = classNames
            self.categoryIDs = categoryIDs
            self.report = report
        }

        /// - text: as JSON; nil where it is none.
        init?(_ text: UnsafeBufferPointer<UInt8>) {
            guard let metadata = try? JSONDecoder().decode(Self.self, from: Data(text)) else { return nil }
            self = metadata
        }
    }

    static let magic: UInt64 = 0x3178_6449_6e67_6c41  // "AlgnIdx1"
    static let version: UInt64 = 1
    static let headerWordCount = 4 + 2 * Section.allCases.count
    static let alignment = 64

    let bytes: SharedBytes
    let metadata: Metadata
    private let ranges: [Range<Int>]

    /// - Returns: nil where the bytes are not a whole index, or one of another origin.
    init?(_ bytes: SharedBytes, origin: UInt64) {
        guard bytes.count % 8 == 0, bytes.count >= 8 * Self.headerWordCount else { return nil }
        let header = bytes.array(UInt64.self, at: 0, count: Self.headerWordCount)
        guard header[0] == Self.magic, header[1] == Self.version, header[2] == origin,
            header[3] == SharedBytes.digest(bytes.raw, from: 32)
        else { return nil }
        var ranges: [Range<Int>] = []
        for section in Section.allCases {
            let place = 4 + 2 * section.rawValue
            guard let start = Int(exactly: header[place]), let count = Int(exactly: header[place + 1]),
                start % Self.alignment == 0, start <= bytes.count, count <= bytes.count - start
            else { return nil }
            ranges.append(start..<start + count)
        }
        let text = bytes.array(
            UInt8.self, at: ranges[0].lowerBound, count: ranges[0].count)
        guard let metadata = Metadata(text) else { return nil }
        (self.bytes, self.metadata, self.ranges) = (bytes, metadata, ranges)
    }

    private func array<Element: BitwiseCopyable>(_ section: Section, _ type: Element.Type)
        -> UnsafeBufferPointer<Element>
    {
        let range = ranges[section.rawValue]
        return bytes.array(
            type, at: range.lowerBound, count: range.count / MemoryLayout<Element>.stride)
    }

    private func range(_ section: Section, _ index: Int) -> Range<Int> {
        let starts = array(section, Int64.self)
        return Int(starts[index])..<Int(starts[index + 1])
    }

    var imageCount: Int { ranges[Section.imageIDs.rawValue].count / 8 }

    func imageID(at image: Int) -> Int { Int(array(.imageIDs, Int64.self)[image]) }

    func size(at image: Int) -> (width: Int, height: Int) {
        let sizes = array(.imageSizes, Int32.self)
        return (Int(sizes[2 * image]), Int(sizes[2 * image + 1]))
    }

    func fileName(at image: Int) -> String {
        String(decoding: array(.names, UInt8.self)[range(.nameStarts, image)], as: UTF8.self)
    }

    func boxes(of image: Int) -> [Box] { Array(array(.boxes, Box.self)[range(.boxStarts, image)]) }

    func labels(of image: Int) -> [Int32] { Array(array(.labels, Int32.self)[range(.boxStarts, image)]) }

    /// Outlines in the order of the boxes; empty where none were asked for.
    func outlines(of image: Int) -> [Segmentation] {
        guard !ranges[Section.outlineStarts.rawValue].isEmpty else { return [] }
        let words = array(.outlines, UInt64.self)
        return range(.boxStarts, image).map { box in
            OutlineWords.outline(words[range(.outlineStarts, box)])
        }
    }
}
