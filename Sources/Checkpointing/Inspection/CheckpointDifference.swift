/// What `ckpt diff` prints: in which tensors two files differ, and by how much.
package struct CheckpointDifference: Sendable {
    package struct Row: Sendable {
        package let name: String
        package let kind: Kind
    }

    package enum Kind: Sendable, Equatable {
        case onlyInFirst
        case onlyInSecond
        /// Types or shapes differ, so values cannot be compared.
        case type(first: String, second: String)
        /// Elements whose bits differ, and the largest absolute difference: NaN if a NaN stands against a
        /// number, 0 if only signs of zeros or the bits of NaNs differ.
        case values(differingCount: Int, maximum: Double)
    }

    /// Sorted by name; tensors that agree bit for bit are left out.
    package let rows: [Row]
    /// Metadata keys whose texts differ or that only one file has, without digests; sorted.
    package let metadataKeys: [String]
    /// Tensors that agree bit for bit.
    package let equalCount: Int

    package var isEmpty: Bool { rows.isEmpty && metadataKeys.isEmpty }

    package init(_ first: SafetensorsFile, _ second: SafetensorsFile) {
        var rows: [Row] = []
        var equalCount = 0
        for name in Set(first.entries.map(\.name)).union(second.entries.map(\.name)).sorted() {
            guard let one = first[name] else {
                rows.append(Row(name: name, kind: .onlyInSecond))
                continue
            }
            guard let other = second[name] else {
                rows.append(Row(name: name, kind: .onlyInFirst))
                continue
            }
            if let kind = Self.compare(one, other) {
                rows.append(Row(name: name, kind: kind))
            } else {
                equalCount += 1
            }
        }
        self.rows = rows
        self.equalCount = equalCount
        metadataKeys = Set(first.metadata.keys).union(second.metadata.keys).filter {
            !$0.hasPrefix(CheckpointMetadata.digestKey("")) && first.metadata[$0] != second.metadata[$0]
        }.sorted()
    }

    private static func compare(_ one: SafetensorsEntry, _ other: SafetensorsEntry) -> Kind? {
        guard one.dtype == other.dtype, one.shape == other.shape else {
            return .type(first: one.typeDescription, second: other.typeDescription)
        }
        if one.bytes == other.bytes { return nil }
        let (left, right) = (one.doubles(), other.doubles())
        let width = one.dtype.byteCount
        var count = 0
        var maximum = 0.0
        for index in left.indices {
            let (a, b) = (one.bytes.startIndex + index * width, other.bytes.startIndex + index * width)
            guard one.bytes[a..<(a + width)] != other.bytes[b..<(b + width)] else { continue }
            count += 1
            if left[index] == right[index] || (left[index].isNaN && right[index].isNaN) { continue }
            let difference = abs(left[index] - right[index])
            maximum = difference.isNaN || difference > maximum ? difference : maximum
        }
        return .values(differingCount: count, maximum: maximum)
    }
}
