/// Positions of the largest numbers.
package enum TopScores {
    /// Positions by falling value; equal values keep their order.
    package static func descending(_ values: [Float]) -> [Int] {
        values.withUnsafeBufferPointer { best(values.count, of: $0) }
    }

    /// The first `limit` of them.
    package static func best(_ limit: Int, of values: UnsafeBufferPointer<Float>) -> [Int] {
        precondition(values.count <= Int(UInt32.max), "\(values.count) values to sort")
        // One integer holds both: the value's bits, turned so that larger floats are smaller numbers, and the position.
        var keys = values.enumerated().map { position, value -> UInt64 in
            let bits = (value == 0 ? Float(0) : value).bitPattern
            let ascending = bits & 0x8000_0000 == 0 ? bits | 0x8000_0000 : ~bits
            return UInt64(~ascending) << 32 | UInt64(position)
        }
        if limit < keys.count / 4 {
            // Most of a large map is far from the best: a sample says below which key enough of them lie.
            let step = max(1, keys.count / 2048)
            let sample = stride(from: 0, to: keys.count, by: step).map { keys[$0] }.sorted()
            let bound = sample[min(sample.count - 1, limit * 3 / 2 / step + 16)]
            let fewer = keys.filter { $0 <= bound }
            if fewer.count >= limit { keys = fewer }
        }
        keys.sort()
        return keys.prefix(limit).map { Int($0 & 0xFFFF_FFFF) }
    }
}
