/// The 64-bit digest XXH64 with seed 0, fed piece by piece: it finds accidents, not forgeries.
/// - Source: Collet, "xxHash fast digest algorithm", specification 0.1.1.
package struct XXH64 {
    private static let prime1: UInt64 = 0x9E37_79B1_85EB_CA87
    private static let prime2: UInt64 = 0xC2B2_AE3D_27D4_EB4F
    private static let prime3: UInt64 = 0x1656_67B1_9E37_79F9
    private static let prime4: UInt64 = 0x85EB_CA77_C2B2_AE63
    private static let prime5: UInt64 = 0x27D4_EB2F_1656_67C5
    private static let stripeByteCount = 32

    private var lanes = (prime1 &+ prime2, prime2, UInt64(0), 0 &- prime1)
    /// What is left of the input after the last whole stripe.
    private var rest: [UInt8] = []
    private var byteCount = 0

    package init() {}

    package static func digest(_ bytes: ArraySlice<UInt8>) -> UInt64 {
        var state = XXH64()
        state.update(bytes)
        return state.digest
    }

    /// The digest in 16 hexadecimal digits.
    package static func text(_ bytes: ArraySlice<UInt8>) -> String {
        let digits = String(digest(bytes), radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
    }

    package mutating func update(_ bytes: ArraySlice<UInt8>) { bytes.withUnsafeBytes { update($0) } }

    package mutating func update(_ bytes: UnsafeRawBufferPointer) {
        byteCount += bytes.count
        var input = bytes[...]
        if !rest.isEmpty {
            let missing = input.prefix(Self.stripeByteCount - rest.count)
            rest.append(contentsOf: missing)
            input = input.dropFirst(missing.count)
            guard rest.count == Self.stripeByteCount else { return }
            rest.withUnsafeBytes { consume($0) }
            rest.removeAll()
        }
        consume(UnsafeRawBufferPointer(rebasing: input))
        rest.append(contentsOf: input.suffix(input.count % Self.stripeByteCount))
    }

    /// Takes the whole stripes of `bytes`.
    private mutating func consume(_ bytes: UnsafeRawBufferPointer) {
        var (one, two, three, four) = lanes
        var position = 0
        while position + Self.stripeByteCount <= bytes.count {
            one = Self.round(one, Self.word(bytes, position))
            two = Self.round(two, Self.word(bytes, position + 8))
            three = Self.round(three, Self.word(bytes, position + 16))
            four = Self.round(four, Self.word(bytes, position + 24))
            position += Self.stripeByteCount
        }
        lanes = (one, two, three, four)
    }

    /// Of everything given so far.
    package var digest: UInt64 {
        var state = Self.prime5
        if byteCount >= Self.stripeByteCount {
            let (one, two, three, four) = lanes
            state =
                Self.rotate(one, 1) &+ Self.rotate(two, 7) &+ Self.rotate(three, 12) &+ Self.rotate(four, 18)
            for lane in [one, two, three, four] {
                state = (state ^ Self.round(0, lane)) &* Self.prime1 &+ Self.prime4
            }
        }
        state &+= UInt64(byteCount)
        state = rest.withUnsafeBytes { Self.absorb($0, into: state) }
        state = (state ^ (state >> 33)) &* Self.prime2
        state = (state ^ (state >> 29)) &* Self.prime3
        return state ^ (state >> 32)
    }

    /// Takes less than a stripe.
    private static func absorb(_ bytes: UnsafeRawBufferPointer, into initial: UInt64) -> UInt64 {
        var state = initial
        var position = 0
        while position + 8 <= bytes.count {
            state = rotate(state ^ round(0, word(bytes, position)), 27) &* prime1 &+ prime4
            position += 8
        }
        if position + 4 <= bytes.count {
            let word = UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: position, as: UInt32.self))
            state = rotate(state ^ (UInt64(word) &* prime1), 23) &* prime2 &+ prime3
            position += 4
        }
        for byte in bytes[position...] { state = rotate(state ^ (UInt64(byte) &* prime5), 11) &* prime1 }
        return state
    }

    private static func word(_ bytes: UnsafeRawBufferPointer, _ position: Int) -> UInt64 {
        UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: position, as: UInt64.self))
    }

    private static func round(_ lane: UInt64, _ input: UInt64) -> UInt64 {
        rotate(lane &+ input &* prime2, 31) &* prime1
    }

    private static func rotate(_ value: UInt64, _ count: UInt64) -> UInt64 {
        (value &<< count) | (value &>> (64 - count))
    }
}
