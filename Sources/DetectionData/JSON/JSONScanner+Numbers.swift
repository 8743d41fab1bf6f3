extension JSONScanner {
    /// A number as written: `digits * 10^exponent`, negated where `isNegative`.
    private struct NumberToken {
        var isNegative = false
        var digits: UInt64 = 0
        var exponent = 0
        /// More digits were written than `digits` holds; it and `exponent` mean nothing then.
        var isInexact = false
        /// Neither a point nor an exponent was written.
        var isPlainInteger = true

        /// Takes a run of digits.
        @inline(__always)
        mutating func take(_ base: UnsafePointer<UInt8>, _ position: inout Int, _ end: Int) {
            while position < end {
                let digit = base[position] &- 0x30
                guard digit <= 9 else { return }
                if digits < 1_000_000_000_000_000_000 {
                    digits = digits &* 10 &+ UInt64(digit)
                } else {
                    isInexact = true
                }
                position &+= 1
            }
        }
    }

    /// The next value, a number, as the nearest double; out of range is an error.
    package mutating func double() throws(DataError) -> Double {
        skipSpace()
        if let value = try nonFinite() { return value }
        let start = position
        let token = try scanNumber()
        if let magnitude = Self.exactly(token) { return token.isNegative ? -magnitude : magnitude }
        // Rare: 20 or more digits, or an exponent beyond the exact powers of ten.
        let text = String(
            decoding: UnsafeBufferPointer(start: base + start, count: position - start), as: UTF8.self)
        guard let value = Double(text), value.isFinite else {
            throw failure("a number out of range", at: start)
        }
        return value
    }

    /// The next value, an integer; `3.0` and `3e2` count as integers, as some programs write ids so.
    package mutating func integer() throws(DataError) -> Int {
        skipSpace()
        let start = position
        if try nonFinite() != nil { throw failure("expected an integer, found NaN or Infinity", at: start) }
        let token = try scanNumber()
        if token.isPlainInteger, !token.isInexact {
            let value = token.isNegative ? Int(exactly: token.digits).map(-) : Int(exactly: token.digits)
            if let value { return value }
        } else if let magnitude = Self.exactly(token), magnitude <= 0x1p53,
            let value = Int(exactly: magnitude)
        {
            return token.isNegative ? -value : value
        }
        throw failure("expected an integer of 64 bits", at: start)
    }

    mutating func skipNumber() throws(DataError) {
        if try nonFinite() == nil { _ = try scanNumber() }
    }

    /// Python's three words for numbers that JSON cannot say, where they are accepted.
    private mutating func nonFinite() throws(DataError) -> Double? {
        guard acceptsNonFinite, position < end else { return nil }
        switch base[position] {
        case UInt8(ascii: "N"):
            try word("NaN", "a number")
            return .nan
        case UInt8(ascii: "I"):
            try word("Infinity", "a number")
            return .infinity
        case UInt8(ascii: "-") where position + 1 < end && base[position + 1] == UInt8(ascii: "I"):
            try word("-Infinity", "a number")
            return -.infinity
        default: return nil
        }
    }

    private mutating func scanNumber() throws(DataError) -> NumberToken {
        var token = NumberToken()
        guard position < end else { throw truncated() }
        if base[position] == UInt8(ascii: "-") {
            token.isNegative = true
            position &+= 1
        }
        guard position < end else { throw truncated() }
        let first = base[position]
        guard first &- 0x30 <= 9 else { throw unexpected("a number") }
        if first == UInt8(ascii: "0") {
            position &+= 1
            if position < end, base[position] &- 0x30 <= 9 { throw failure("a number with a leading zero") }
        } else {
            token.take(base, &position, end)
        }
        if position < end, base[position] == UInt8(ascii: ".") {
            token.isPlainInteger = false
            position &+= 1
            let start = position
            token.take(base, &position, end)
            guard position > start else { throw position < end ? unexpected("a digit") : truncated() }
            token.exponent = token.exponent &- (position &- start)
        }
        if position < end, base[position] | 0x20 == UInt8(ascii: "e") {
            token.isPlainInteger = false
            token.exponent &+= try scanExponent()
        }
        return token
    }

    private mutating func scanExponent() throws(DataError) -> Int {
        position &+= 1
        var isNegative = false
        if position < end, base[position] == UInt8(ascii: "+") || base[position] == UInt8(ascii: "-") {
            isNegative = base[position] == UInt8(ascii: "-")
            position &+= 1
        }
        guard position < end else { throw truncated() }
        guard base[position] &- 0x30 <= 9 else { throw unexpected("a digit") }
        var value = 0
        while position < end, base[position] &- 0x30 <= 9 {
            value = min(value * 10 + Int(base[position] &- 0x30), 1_000_000)
            position &+= 1
        }
        return isNegative ? -value : value
    }

    /// The nearest double to a token's magnitude where a few exact operations give it.
    @inline(__always)
    private static func exactly(_ token: NumberToken) -> Double? {
        let (digits, exponent) = (token.digits, token.exponent)
        guard !token.isInexact else { return nil }
        if digits == 0 { return 0 }
        if exponent == 0 { return Double(digits) }
        // Both operands are doubles without rounding, so one operation rounds once.
        if digits <= 1 << 53 {
            if (-22..<0).contains(exponent) { return Double(digits) / powersOfTen[-exponent] }
            if (1...22).contains(exponent) { return Double(digits) * powersOfTen[exponent] }
            return nil
        }
        return (-19..<0).contains(exponent) ? quotient(digits, integerPowersOfTen[-exponent]) : nil
    }

    /// The double nearest to the quotient of two positive integers.
    ///
    /// Both are shifted to their top bit, which gives a 64-bit quotient; a remainder is or-ed into its last
    /// bit, far below the 53 that are kept, so that the conversion rounds as if it saw all digits.
    private static func quotient(_ dividend: UInt64, _ divisor: UInt64) -> Double {
        let divisorShift = divisor.leadingZeroBitCount
        let dividendShift = dividend.leadingZeroBitCount
        let scaled = divisor << UInt64(divisorShift)
        var exponent = divisorShift - dividendShift - 64
        var high = dividend << UInt64(dividendShift)
        var low: UInt64 = 0
        if high >= scaled {
            low = high << 63
            high >>= 1
            exponent += 1
        }
        let (quotient, remainder) = scaled.dividingFullWidth((high, low))
        // |exponent| stays below 128, so the power of two is a normal number and the product exact.
        let power = Double(bitPattern: UInt64(1023 + exponent) << 52)
        return Double(quotient | (remainder == 0 ? 0 : 1)) * power
    }
}

/// 10^0...10^22, the powers of ten that are doubles.
private let powersOfTen: [Double] = [
    1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18,
    1e19,
    1e20, 1e21, 1e22,
]

/// 10^0...10^19, the powers of ten below 2^64.
private let integerPowersOfTen: [UInt64] = [
    1, 10, 100, 1000, 10000, 100_000, 1_000_000, 10_000_000, 100_000_000, 1_000_000_000, 10_000_000_000,
    100_000_000_000, 1_000_000_000_000, 10_000_000_000_000, 100_000_000_000_000, 1_000_000_000_000_000,
    10_000_000_000_000_000, 100_000_000_000_000_000, 1_000_000_000_000_000_000, 10_000_000_000_000_000_000,
]
