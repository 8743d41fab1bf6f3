/// A place in a pickle that only moves on, and never past the pickle's end.
struct PickleCursor {
    let file: MappedFile
    private(set) var position: Int
    let end: Int

    private static let longestLine = 256

    init(_ file: MappedFile, _ range: Range<Int>) {
        precondition(range.upperBound <= file.count, "\(range) of \(file.count) bytes")
        self.file = file
        position = range.lowerBound
        end = range.upperBound
    }

    mutating func take(_ count: UInt64) throws(CheckpointError) -> Range<Int> {
        guard count <= UInt64(end - position) else {
            throw file.damage(
                "cut short: \(count) more bytes belong here, \(end - position) are left of the pickle,",
                at: position)
        }
        let range = position..<(position + Int(count))
        position = range.upperBound
        return range
    }

    mutating func byte() throws(CheckpointError) -> UInt8 {
        file.bytes[try take(1).lowerBound]
    }

    mutating func number<N: FixedWidthInteger & BitwiseCopyable>(_ type: N.Type) throws(CheckpointError) -> N
    {
        file.number(type, at: try take(UInt64(MemoryLayout<N>.size)).lowerBound)
    }

    /// ASCII up to a line feed, which is taken too.
    mutating func line() throws(CheckpointError) -> String {
        let start = position
        let limit = min(end, start + Self.longestLine)
        guard let feed = file.bytes[start..<limit].firstIndex(of: 0x0A) else {
            throw file.damage("a name without an end", at: start)
        }
        position = feed + 1
        guard let text = file.text(start..<feed) else {
            throw file.damage("a name that is no text", at: start)
        }
        return text
    }
}
