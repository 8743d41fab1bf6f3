/// Operations that replace each value through a table: 256 entries for red, then for green, then for blue.
extension ColorOp {
    static func sameTable(_ entry: (UInt8) -> UInt8) -> [UInt8] {
        let channel = (UInt8.min...UInt8.max).map(entry)
        return channel + channel + channel
    }

    static func autoContrastTable(_ histogram: [Int]) -> [UInt8] {
        perChannel(histogram) { counts in
            guard let lowest = counts.firstIndex(where: { $0 > 0 }),
                let highest = counts.lastIndex(where: { $0 > 0 }),
                highest > lowest
            else { return Array(UInt8.min...UInt8.max) }
            let scale = 255.0 / Double(highest - lowest)
            let offset = -Double(lowest) * scale
            return (0..<256).map { UInt8(min(max(Double($0) * scale + offset, 0), 255)) }
        }
    }

    static func equalizeTable(_ histogram: [Int]) -> [UInt8] {
        perChannel(histogram) { counts in
            let filled = counts.filter { $0 > 0 }
            let step = (filled.reduce(0, +) - (filled.last ?? 0)) / 255
            guard filled.count > 1, step > 0 else { return Array(UInt8.min...UInt8.max) }
            var below = step / 2
            return counts.map { count in
                defer { below += count }
                return UInt8(min(below / step, 255))
            }
        }
    }

    private static func perChannel(_ histogram: [Int], _ table: ([Int]) -> [UInt8]) -> [UInt8] {
        (0..<3).flatMap { table(Array(histogram[$0 * 256..<($0 + 1) * 256])) }
    }
}

extension Image {
    /// How often each value occurs: 256 counts for red, then for green, then for blue.
    func histogram() -> [Int] {
        var counts = [Int](repeating: 0, count: 768)
        pixels.withUnsafeBufferPointer { pixels in
            counts.withUnsafeMutableBufferPointer { counts in
                for i in stride(from: 0, to: pixels.count, by: 3) {
                    counts[Int(pixels[i])] &+= 1
                    counts[256 + Int(pixels[i + 1])] &+= 1
                    counts[512 + Int(pixels[i + 2])] &+= 1
                }
            }
        }
        return counts
    }

    mutating func mapValues(_ table: [UInt8]) {
        precondition(table.count == 768, "\(table.count) table entries")
        table.withUnsafeBufferPointer { table in
            pixels.withUnsafeMutableBufferPointer { pixels in
                for i in stride(from: 0, to: pixels.count, by: 3) {
                    pixels[i] = table[Int(pixels[i])]
                    pixels[i + 1] = table[256 + Int(pixels[i + 1])]
                    pixels[i + 2] = table[512 + Int(pixels[i + 2])]
                }
            }
        }
    }
}
