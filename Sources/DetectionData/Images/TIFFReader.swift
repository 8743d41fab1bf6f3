/// Numbers out of a block of bytes in either byte order; a position outside the block gives nil.
struct TIFFReader {
    private let block: ArraySlice<UInt8>
    private let isBigEndian: Bool

    /// Takes the byte order from the TIFF header at the start of `block`; nil if there is none.
    init?(_ block: ArraySlice<UInt8>) {
        guard block.count >= 8 else { return nil }
        let start = block.startIndex
        switch (block[start], block[start + 1]) {
        case (0x49, 0x49): isBigEndian = false
        case (0x4D, 0x4D): isBigEndian = true
        default: return nil
        }
        self.block = block
        guard uint16(at: 2) == 42 else { return nil }
    }

    init?(bigEndian block: ArraySlice<UInt8>) {
        guard !block.isEmpty else { return nil }
        self.block = block
        isBigEndian = true
    }

    func uint16(at position: Int) -> Int? {
        guard position >= 0, position <= block.count - 2 else { return nil }
        let first = Int(block[block.startIndex + position])
        let second = Int(block[block.startIndex + position + 1])
        return isBigEndian ? first << 8 | second : second << 8 | first
    }

    func uint32(at position: Int) -> Int? {
        guard position <= block.count - 4, let first = uint16(at: position),
            let second = uint16(at: position + 2)
        else { return nil }
        return isBigEndian ? first << 16 | second : second << 16 | first
    }
}
