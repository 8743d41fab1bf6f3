extension RLEMask {
    /// The counts as COCO's files write them: from the third on as differences to the count before last, each in groups
    /// of five bits, lowest first, with a bit for "more follow", plus 48.
    package var text: String {
        var bytes: [UInt8] = []
        for (i, count) in counts.enumerated() {
            var rest = Int(count) - (i > 2 ? Int(counts[i - 2]) : 0)
            var isOpen = true
            while isOpen {
                let group = rest & 31
                rest >>= 5
                // The highest bit of the last group is the sign.
                isOpen = group & 16 != 0 ? rest != -1 : rest != 0
                bytes.append(UInt8(group + (isOpen ? 32 : 0) + 48))
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// - Throws: where the text is no list of counts, or they do not cover `width` x `height` pixels.
    package init(width: Int, height: Int, text: String) throws(DataError) {
        var counts: [Int] = []
        var (value, shift) = (0, 0)
        for byte in text.utf8 {
            guard byte >= 48, byte < 112, shift < 60 else { throw Self.damaged("holds a letter that none has") }
            let group = Int(byte) - 48
            value |= (group & 31) << shift
            shift += 5
            guard group & 32 == 0 else { continue }
            if group & 16 != 0 { value |= -1 << shift }
            counts.append(value + (counts.count > 2 ? counts[counts.count - 2] : 0))
            (value, shift) = (0, 0)
        }
        guard shift == 0 else { throw Self.damaged("ends inside a number") }
        try self.init(width: width, height: height, untrusted: counts)
    }

    /// - Throws: where the counts do not cover `width` x `height` pixels.
    package init(width: Int, height: Int, untrusted counts: [Int]) throws(DataError) {
        var total = 0
        var runs: [UInt32] = []
        for count in counts {
            guard let run = UInt32(exactly: count), total + count <= width * height else {
                throw Self.damaged("has a run of \(count) after \(total) of \(width)x\(height) pixels")
            }
            total += count
            runs.append(run)
        }
        guard total == width * height else {
            throw Self.damaged("covers \(total) of \(width)x\(height) pixels")
        }
        self.init(width: width, height: height, counts: runs)
    }

    private static func damaged(_ what: String) -> DataError {
        DataError(.badInput, "a run-length mask \(what)", hint: "is its 'size' [height, width] of its image?")
    }
}
