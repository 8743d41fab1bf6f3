/// Sums of bounded real numbers as whole multiples of 2^-36: exact, so neither their order nor the number of ranks shows.
enum FixedPoint {
    /// With terms up to 2 a sum of 2^25 of them stays within 64 bits.
    static let one: Double = 0x1p36

    @inline(__always)
    static func encode(_ value: Float) -> Int64 { Int64((Double(value) * one).rounded()) }

    static func decode(_ sum: Int64) -> Double { Double(sum) / one }
}
