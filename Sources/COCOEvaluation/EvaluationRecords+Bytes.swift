package import DetectionData

extension EvaluationRecords {
    /// These records on their way to another rank of the same machine kind: eight counts, then the arrays as they lie
    /// in memory.
    package var bytes: [UInt8] {
        let counts = [
            areaCount, images.count, pairs.count, positives.count, scores.count, matched.count, ignored.count,
            unknownImageCount,
        ]
        return Self.raw(counts) + Self.raw(images) + Self.raw(pairs) + Self.raw(positives) + Self.raw(scores)
            + Self.raw(matched) + Self.raw(ignored)
    }

    /// - Throws: where `bytes` are not what `bytes` made.
    package init(bytes: [UInt8]) throws(DataError) {
        var rest = bytes[...]
        let counts = try Self.take([Int].self, 8, &rest)
        self.init(areaCount: counts[0])
        images = try Self.take([ImageCounts].self, counts[1], &rest)
        pairs = try Self.take([Pair].self, counts[2], &rest)
        positives = try Self.take([Int32].self, counts[3], &rest)
        scores = try Self.take([Double].self, counts[4], &rest)
        matched = try Self.take([UInt16].self, counts[5], &rest)
        ignored = try Self.take([UInt16].self, counts[6], &rest)
        unknownImageCount = counts[7]
        guard rest.isEmpty else { throw Self.damaged(bytes.count) }
    }

    private static func raw<Element: BitwiseCopyable>(_ values: [Element]) -> [UInt8] {
        values.withUnsafeBytes { [UInt8]($0) }
    }

    private static func take<Element: BitwiseCopyable>(
        _ type: [Element].Type, _ count: Int, _ rest: inout ArraySlice<UInt8>
    ) throws(DataError) -> [Element] {
        let (byteCount, overflow) = count.multipliedReportingOverflow(by: MemoryLayout<Element>.stride)
        guard !overflow, count >= 0, byteCount <= rest.count else { throw damaged(rest.count) }
        let values = [Element](unsafeUninitializedCapacity: count) { buffer, initialized in
            rest.prefix(byteCount).withUnsafeBytes {
                UnsafeMutableRawBufferPointer(buffer).copyMemory(from: $0)
            }
            initialized = count
        }
        rest = rest.dropFirst(byteCount)
        return values
    }

    private static func damaged(_ byteCount: Int) -> DataError {
        DataError(.badInput, "another rank's records of \(byteCount) bytes are cut short or too long")
    }
}
