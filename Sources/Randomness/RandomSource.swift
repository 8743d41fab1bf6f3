/// What a random number is for. Two purposes never share numbers, so adding a draw to one leaves the other alone.
///
/// Raw values are part of what a run's result depends on: append, never renumber.
package enum RandomPurpose: UInt32, Sendable {
    case order = 1
    case augmentation = 2
    case secondView = 3
    case weights = 4
    case sampling = 5
    case dropout = 6
    case proposals = 7
    case test = 8
    case clustering = 9
    case dropPath = 10
    case pastedImage = 11
}

/// A counter-based generator: the n-th number is a pure function of (seed, epoch, sample, purpose, n).
///
/// No state outlives its use, so a resumed run needs only its step, and neither the number of ranks nor the timing
/// of loader threads can change a draw.
/// - Source: Philox 4x32 with 10 rounds, Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", SC 2011.
package struct RandomSource: RandomNumberGenerator, Sendable {
    /// Philox's key, and what follows the block's number in its counter: for a kernel that makes the same numbers.
    package let key: (UInt32, UInt32)
    package let stream: (UInt32, UInt32, UInt32)
    private var block: UInt32 = 0
    private var words: (UInt32, UInt32, UInt32, UInt32) = (0, 0, 0, 0)
    private var available = 0

    /// - Parameters:
    ///   - epoch: 0 or more; below 2^24.
    ///   - sample: an index or id; any 32-bit pattern, larger values are folded in.
    package init(seed: UInt64, epoch: Int = 0, sample: Int = 0, purpose: RandomPurpose) {
        key = (UInt32(truncatingIfNeeded: seed), UInt32(truncatingIfNeeded: seed >> 32))
        let bits = UInt64(bitPattern: Int64(sample))
        stream = (
            UInt32(truncatingIfNeeded: bits),
            UInt32(truncatingIfNeeded: bits >> 32) ^ (purpose.rawValue << 24),
            UInt32(truncatingIfNeeded: epoch)
        )
    }

    private mutating func refill() {
        words = Self.philox(key: key, counter: (block, stream.0, stream.1, stream.2))
        precondition(block != .max, "a random stream is used up after 2^34 numbers")
        block += 1
        available = 4
    }

    /// The next 32 random bits.
    package mutating func nextWord() -> UInt32 {
        if available == 0 { refill() }
        available -= 1
        switch available {
        case 3: return words.0
        case 2: return words.1
        case 1: return words.2
        default: return words.3
        }
    }

    package mutating func next() -> UInt64 {
        let high = UInt64(nextWord())
        return high << 32 | UInt64(nextWord())
    }

    /// Ten rounds of Philox 4x32.
    static func philox(
        key: (UInt32, UInt32), counter: (UInt32, UInt32, UInt32, UInt32)
    ) -> (UInt32, UInt32, UInt32, UInt32) {
        var (k0, k1) = key
        var (c0, c1, c2, c3) = counter
        for _ in 0..<10 {
            let p0 = UInt64(c0) * 0xD251_1F53
            let p1 = UInt64(c2) * 0xCD9E_8D57
            (c0, c1, c2, c3) = (
                UInt32(truncatingIfNeeded: p1 >> 32) ^ c1 ^ k0, UInt32(truncatingIfNeeded: p1),
                UInt32(truncatingIfNeeded: p0 >> 32) ^ c3 ^ k1, UInt32(truncatingIfNeeded: p0)
            )
            k0 &+= 0x9E37_79B9
            k1 &+= 0xBB67_AE85
        }
        return (c0, c1, c2, c3)
    }
}
