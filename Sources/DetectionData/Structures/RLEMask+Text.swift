extension RLEMask {
    /// The counts as COCO's files write them; see `RunText`.
    package var text: String { String(decoding: textBytes, as: UTF8.self) }

    var textBytes: [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(2 * counts.count)
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
        return bytes
    }

    /// - Throws: where the text is no list of counts, or they do not cover `width` x `height` pixels.
    package init(width: Int, height: Int, text: String) throws(DataError) {
        let letters = Array(text.utf8)
        self = try Self.read(width: width, height: height, letters[...])
    }

    static func read(width: Int, height: Int, _ letters: ArraySlice<UInt8>) throws(DataError) -> RLEMask {
        var counts: [UInt32] = []
        counts.reserveCapacity(letters.count)
        // Runs are checked against the pixels, which the size of a mask keeps below 2^32.
        try letters.withUnsafeBufferPointer { letters throws(DataError) in
            try RunText.forEachRun(letters, pixelCount: width * height) { counts.append(UInt32($0)) }
        }
        return RLEMask(width: width, height: height, counts: counts)
    }

    /// - Throws: where the counts do not cover `width` x `height` pixels.
    package init(width: Int, height: Int, untrusted counts: [Int]) throws(DataError) {
        var total = 0
        var runs: [UInt32] = []
        for count in counts {
            guard let run = UInt32(exactly: count), total + count <= width * height else {
                throw RunText.damaged("has a run of \(count) after \(total) of \(width)x\(height) pixels")
            }
            total += count
            runs.append(run)
        }
        guard total == width * height else {
            throw RunText.damaged("covers \(total) of \(width)x\(height) pixels")
        }
        self.init(width: width, height: height, counts: runs)
    }
}
