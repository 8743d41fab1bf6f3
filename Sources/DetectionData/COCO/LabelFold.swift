/// The labelled images of the semi-supervised protocol: 1, 5, 10 or 20 percent, five folds with seeds 1 to 5.
///
/// The folds are part of published results, so they are drawn with the generator they were drawn with (numpy's
/// legacy `RandomState.choice` without replacement), not with `RandomSource`. Folds of one seed are nested.
package enum LabelFold {
    /// How many of `total` images `percent` percent are, rounded down.
    package static func count(of total: Int, percent: Double) -> Int { Int(percent / 100 * Double(total)) }

    /// The drawn positions of `0..<total`, in the order of the draw.
    package static func positions(of total: Int, percent: Double, seed: UInt32) -> [Int] {
        var generator = MersenneTwister(seed: seed)
        var positions = Array(0..<total)
        for i in stride(from: total - 1, to: 0, by: -1) {
            positions.swapAt(i, generator.number(upTo: i))
        }
        return Array(positions[0..<count(of: total, percent: percent)])
    }
}

/// MT19937, 32 bits: Matsumoto and Nishimura, "Mersenne Twister", ACM TOMACS 8(1), 1998, with `init_genrand`.
private struct MersenneTwister {
    private var state = [UInt32](repeating: 0, count: 624)
    private var position = 624

    init(seed: UInt32) {
        state[0] = seed
        for i in 1..<624 {
            let last = state[i - 1]
            state[i] = 1_812_433_253 &* (last ^ (last >> 30)) &+ UInt32(i)
        }
    }

    private mutating func twist() {
        for i in 0..<624 {
            let joined = (state[i] & 0x8000_0000) | (state[(i + 1) % 624] & 0x7fff_ffff)
            state[i] = state[(i + 397) % 624] ^ (joined >> 1) ^ (joined & 1 == 0 ? 0 : 0x9908_b0df)
        }
        position = 0
    }

    mutating func next() -> UInt32 {
        if position == 624 { twist() }
        var word = state[position]
        position += 1
        word ^= word >> 11
        word ^= (word << 7) & 0x9d2c_5680
        word ^= (word << 15) & 0xefc6_0000
        return word ^ (word >> 18)
    }

    /// Uniform in 0...bound by masking and rejection, as numpy's `random_interval` below 2^32.
    mutating func number(upTo bound: Int) -> Int {
        let mask = UInt32.max >> UInt32(bound).leadingZeroBitCount
        while true {
            let value = Int(next() & mask)
            if value <= bound { return value }
        }
    }
}
