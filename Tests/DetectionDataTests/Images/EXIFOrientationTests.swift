import Testing

@testable import DetectionData

@Suite struct EXIFOrientationTests {
    /// A directory with one entry in the order of bytes of the header.
    private func block(big: Bool, tag: UInt16 = 0x0112, type: UInt16 = 3, count: UInt32 = 1, value: UInt16)
        -> [UInt8]
    {
        let two = { (n: UInt16) -> [UInt8] in
            let bytes = [UInt8(n >> 8), UInt8(n & 255)]
            return big ? bytes : bytes.reversed()
        }
        let four = { (n: UInt32) -> [UInt8] in
            let high = two(UInt16(n >> 16))
            let low = two(UInt16(n & 0xFFFF))
            return big ? high + low : low + high
        }
        let header: [UInt8] = big ? [0x4D, 0x4D] : [0x49, 0x49]
        return header + two(42) + four(8) + two(1) + two(tag) + two(type) + four(count) + two(value) + two(0)
            + four(0)
    }

    @Test(arguments: [true, false]) func bothByteOrdersAreRead(big: Bool) {
        for value in UInt16(1)...8 {
            #expect(EXIFOrientation(tiff: block(big: big, value: value)[...])?.rawValue == Int(value))
        }
    }

    @Test func valuesAndTypesOutsideTheStandardCountAsNone() {
        #expect(EXIFOrientation(tiff: block(big: true, value: 0)[...]) == nil)
        #expect(EXIFOrientation(tiff: block(big: true, value: 9)[...]) == nil)
        #expect(EXIFOrientation(tiff: block(big: true, type: 4, value: 6)[...]) == nil)
        #expect(EXIFOrientation(tiff: block(big: true, count: 2, value: 6)[...]) == nil)
        #expect(EXIFOrientation(tiff: block(big: true, tag: 0x0110, value: 6)[...]) == nil)
    }

    @Test func cutBlocksAndWildOffsetsCountAsNone() {
        let whole = block(big: false, value: 6)
        for length in 0..<18 { #expect(EXIFOrientation(tiff: whole[0..<length]) == nil) }
        for offset: UInt8 in [0x7F, 0xFF] {
            var wild = whole
            for i in 4..<8 { wild[i] = offset }
            #expect(EXIFOrientation(tiff: wild[...]) == nil)
        }
    }
}
