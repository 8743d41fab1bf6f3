internal import Foundation

extension DatasetIndex {
    /// - origin: what the index is made of; see `DatasetOrigin`.
    init(
        images: [COCOAnnotations.ImageRecord], content: COCOImageContent, metadata: Metadata, origin: UInt64
    ) throws(DataError) {
        let names = images.map { Array($0.fileName.utf8) }
        let outlines = content.outlineWords()
        var sections = SectionWriter()
        sections.add(metadata.text)
        sections.add(images.map { Int64($0.id) })
        sections.add(try Self.sizes(images, source: metadata.source))
        sections.add(Self.starts(names.map(\.count)))
        sections.add(names.flatMap { $0 })
        sections.add(content.starts.map { Int64($0) })
        sections.add(content.boxes)
        sections.add(content.labels)
        sections.add(outlines.starts)
        sections.add(outlines.words)
        guard let index = DatasetIndex(sections.joined(origin: origin), origin: origin) else {
            preconditionFailure("an index of \(images.count) images cannot be read back")
        }
        self = index
    }

    private static func sizes(
        _ images: [COCOAnnotations.ImageRecord], source: String
    ) throws(DataError) -> [Int32] {
        var sizes: [Int32] = []
        for image in images {
            guard let width = Int32(exactly: image.width), let height = Int32(exactly: image.height) else {
                throw DataError(
                    .badInput, "\(source): \(image.label) is declared \(image.width)x\(image.height)")
            }
            sizes += [width, height]
        }
        return sizes
    }

    private static func starts(_ counts: [Int]) -> [Int64] {
        counts.reduce(into: [0]) { $0.append($0[$0.count - 1] + Int64($1)) }
    }
}

/// Puts an index's sections one behind the other.
private struct SectionWriter {
    private var end =
        (8 * DatasetIndex.headerWordCount + DatasetIndex.alignment - 1)
        / DatasetIndex.alignment * DatasetIndex.alignment
    private var ranges: [Range<Int>] = []
    private var copies: [(UnsafeMutableRawPointer) -> Void] = []

    mutating func add<Element: BitwiseCopyable>(_ elements: [Element]) {
        let range = end..<end + elements.count * MemoryLayout<Element>.stride
        ranges.append(range)
        copies.append { target in
            elements.withUnsafeBytes { source in
                guard let start = source.baseAddress else { return }
                (target + range.lowerBound).copyMemory(from: start, byteCount: source.count)
            }
        }
        let alignment = DatasetIndex.alignment
        end = (range.upperBound + alignment - 1) / alignment * alignment
    }

    func joined(origin: UInt64) -> SharedBytes {
        precondition(ranges.count == DatasetIndex.Section.allCases.count, "\(ranges.count) sections")
        func write(_ digest: UInt64, _ buffer: UnsafeMutableRawBufferPointer) {
            let places = ranges.flatMap { [UInt64($0.lowerBound), UInt64($0.count)] }
            let header = [DatasetIndex.magic, DatasetIndex.version, origin, digest] + places
            header.withUnsafeBytes { buffer.copyMemory(from: $0) }
        }
        return SharedBytes(count: end) { buffer in
            guard let base = buffer.baseAddress else { return }
            for copy in copies { copy(base) }
            write(0, buffer)
            write(SharedBytes.digest(UnsafeRawBufferPointer(buffer), from: 32), buffer)
        }
    }
}
