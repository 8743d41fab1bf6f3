/// How a tensor's values are laid out anew on the way between another program's model and ours.
package enum TensorChange: Equatable, Sendable {
    case none
    /// The first axis in as many blocks as the list has; ours has at place i what the other has at
    /// `order[i]`.
    case leadingBlocks(order: [Int])
    /// The first axis holds one block a class, background in front there and at the end here.
    case backgroundLast
    /// One block of `rows` a class, background in front there and absent here.
    case backgroundAbsent(rows: Int)
    /// The four pixels that a patch merging joins, channel by channel there (`Unfold`) and pixel by pixel
    /// here. The last axis is theirs.
    case mergedPixels

    /// From the other program's layout to ours.
    /// - Returns: `nil` where the shape does not allow it.
    func imported(_ entry: SafetensorsEntry) -> SafetensorsEntry? {
        switch self {
        case .none: entry
        case .leadingBlocks(let order): Self.reordered(entry, axisCount: order.count, order)
        case .backgroundLast:
            entry.shape.first.flatMap { Self.reordered(entry, axisCount: $0, Array(1..<max($0, 1)) + [0]) }
        case .backgroundAbsent(let rows): Self.withoutFirst(entry, rows: rows)
        case .mergedPixels:
            Self.merged(entry) { quarter, channel, channels in channel * 4 + Self.unfoldOrder[quarter] }
        }
    }

    /// From our layout to the other program's.
    func exported(_ entry: SafetensorsEntry) -> SafetensorsEntry? {
        switch self {
        case .none: return entry
        case .leadingBlocks(let order):
            var inverse = [Int](repeating: 0, count: order.count)
            for (i, source) in order.enumerated() { inverse[source] = i }
            return Self.reordered(entry, axisCount: order.count, inverse)
        case .backgroundLast:
            return entry.shape.first.flatMap {
                $0 == 0 ? nil : Self.reordered(entry, axisCount: $0, [$0 - 1] + Array(0..<($0 - 1)))
            }
        case .backgroundAbsent(let rows):
            // Nothing reads the background's rows.
            let shape = [(entry.shape.first ?? 0) + rows] + entry.shape.dropFirst()
            let count = rows * entry.shape.dropFirst().reduce(entry.dtype.byteCount, *)
            return SafetensorsEntry(
                name: entry.name, dtype: entry.dtype, shape: shape,
                bytes: ([UInt8](repeating: 0, count: count) + entry.bytes)[...])
        case .mergedPixels:
            return Self.merged(entry, inverse: true) { quarter, channel, channels in
                channel * 4 + Self.unfoldOrder[quarter]
            }
        }
    }

    /// Our order of the four pixels is (row, column) 00 10 01 11; `Unfold` has 00 01 10 11.
    private static let unfoldOrder = [0, 2, 1, 3]

    private static func reordered(_ entry: SafetensorsEntry, axisCount: Int, _ order: [Int])
        -> SafetensorsEntry?
    {
        guard let extent = entry.shape.first, axisCount > 0, extent.isMultiple(of: axisCount),
            order.count == axisCount
        else { return nil }
        let block = entry.bytes.count / axisCount
        var bytes: [UInt8] = []
        bytes.reserveCapacity(entry.bytes.count)
        for source in order {
            let start = entry.bytes.startIndex + source * block
            bytes += entry.bytes[start..<(start + block)]
        }
        return SafetensorsEntry(name: entry.name, dtype: entry.dtype, shape: entry.shape, bytes: bytes[...])
    }

    private static func withoutFirst(_ entry: SafetensorsEntry, rows: Int) -> SafetensorsEntry? {
        guard let extent = entry.shape.first, extent > rows else { return nil }
        let shape = [extent - rows] + entry.shape.dropFirst()
        return SafetensorsEntry(
            name: entry.name, dtype: entry.dtype, shape: shape,
            bytes: entry.bytes.dropFirst(entry.bytes.count / extent * rows))
    }

    private static func merged(
        _ entry: SafetensorsEntry, inverse: Bool = false, source: (Int, Int, Int) -> Int
    ) -> SafetensorsEntry? {
        guard let width = entry.shape.last, width > 0, width.isMultiple(of: 4) else { return nil }
        let channels = width / 4
        var columns = [Int](repeating: 0, count: width)
        for quarter in 0..<4 {
            for channel in 0..<channels {
                let (own, other) = (quarter * channels + channel, source(quarter, channel, channels))
                columns[inverse ? other : own] = inverse ? own : other
            }
        }
        let size = entry.dtype.byteCount
        var bytes: [UInt8] = []
        bytes.reserveCapacity(entry.bytes.count)
        for row in 0..<(entry.bytes.count / (width * size)) {
            for column in columns {
                let start = entry.bytes.startIndex + (row * width + column) * size
                bytes += entry.bytes[start..<(start + size)]
            }
        }
        return SafetensorsEntry(name: entry.name, dtype: entry.dtype, shape: entry.shape, bytes: bytes[...])
    }
}

extension SafetensorsEntry {
    /// The second axis backwards: a first convolution for blue, green, red becomes one for red, green, blue.
    package var withReversedInputs: SafetensorsEntry {
        precondition(shape.count == 4, "inputs of \(shape)")
        let block = shape[2] * shape[3] * dtype.byteCount
        var result: [UInt8] = []
        result.reserveCapacity(bytes.count)
        for output in 0..<shape[0] {
            for input in (0..<shape[1]).reversed() {
                let start = bytes.startIndex + (output * shape[1] + input) * block
                result += bytes[start..<(start + block)]
            }
        }
        return SafetensorsEntry(name: name, dtype: dtype, shape: shape, bytes: result[...])
    }
}
