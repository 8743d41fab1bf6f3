/// Outlines as words of 64 bits.
///
/// Polygons: 0, how many, then of each how many numbers and the numbers. Runs: 1, width, height and the runs.
enum OutlineWords {
    static func words(_ outline: Segmentation) -> [UInt64] {
        switch outline {
        case .polygons(let parts):
            [0, UInt64(parts.count)] + parts.flatMap { [UInt64($0.count)] + $0.map(\.bitPattern) }
        case .runs(let mask):
            [1, UInt64(mask.width), UInt64(mask.height)] + mask.counts.map { UInt64($0) }
        }
    }

    static func outline(_ words: Slice<UnsafeBufferPointer<UInt64>>) -> Segmentation {
        let first = words.startIndex
        guard words[first] == 0 else {
            return .runs(
                RLEMask(
                    width: Int(words[first + 1]), height: Int(words[first + 2]),
                    counts: words[(first + 3)...].map { UInt32($0) }))
        }
        var place = first + 2
        let parts = (0..<Int(words[first + 1])).map { _ in
            let count = Int(words[place])
            defer { place += 1 + count }
            return words[place + 1...place + count].map { Double(bitPattern: $0) }
        }
        return .polygons(parts)
    }
}
