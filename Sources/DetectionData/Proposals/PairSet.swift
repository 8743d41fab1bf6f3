/// A set of unordered pairs of region numbers, by open addressing; hashing with `Set` would take most of the
/// time of finding a segmentation's neighbours.
struct PairSet {
    private static let empty = UInt64.max
    private var slots: [UInt64]
    private(set) var count = 0

    init() { slots = [UInt64](repeating: Self.empty, count: 1024) }

    mutating func insert(_ a: Int32, _ b: Int32) {
        let key = UInt64(UInt32(bitPattern: min(a, b))) << 32 | UInt64(UInt32(bitPattern: max(a, b)))
        if Self.insert(key, &slots) {
            count += 1
            if 2 * count > slots.count { grow() }
        }
    }

    private mutating func grow() {
        var larger = [UInt64](repeating: Self.empty, count: 2 * slots.count)
        for key in slots where key != Self.empty { _ = Self.insert(key, &larger) }
        slots = larger
    }

    @inline(__always)
    private static func insert(_ key: UInt64, _ slots: inout [UInt64]) -> Bool {
        let mask = slots.count - 1
        // Fibonacci hashing: the multiplier is 2^64 divided by the golden ratio.
        var place = Int(truncatingIfNeeded: (key &* 0x9E37_79B9_7F4A_7C15) >> 32) & mask
        while slots[place] != empty {
            if slots[place] == key { return false }
            place = (place + 1) & mask
        }
        slots[place] = key
        return true
    }

    /// The pairs in ascending order, the smaller number first.
    func sorted() -> [(Int32, Int32)] {
        slots.filter { $0 != Self.empty }.sorted().map {
            (Int32(truncatingIfNeeded: $0 >> 32), Int32(truncatingIfNeeded: $0))
        }
    }
}
