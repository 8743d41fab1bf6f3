/// How the stored picture has to be turned to stand upright: tag 0x0112 of the EXIF standard.
package enum EXIFOrientation: Int, Sendable, CaseIterable {
    case upright = 1
    case mirrored = 2
    case halfTurn = 3
    case mirroredHalfTurn = 4
    /// Mirrored along the diagonal from the top left: rows become columns.
    case transposed = 5
    /// To be turned a quarter clockwise; the usual value of phones held upright.
    case quarterTurn = 6
    /// Mirrored along the diagonal from the top right.
    case transverse = 7
    /// To be turned a quarter anticlockwise.
    case threeQuarterTurn = 8

    /// True where turning exchanges width and height.
    package var swapsSides: Bool { rawValue >= 5 }

    /// The orientation in a JPEG file, `upright` if it has no EXIF block or one that cannot be read.
    package init(jpeg bytes: [UInt8]) {
        self = Self.exifBlock(inJPEG: bytes).flatMap { Self(tiff: bytes[$0]) } ?? .upright
    }

    /// The orientation in a PNG file's eXIf chunk, `upright` if there is none before the pixels or one that
    /// cannot be read.
    package init(png bytes: [UInt8]) {
        self = Self.exifBlock(inPNG: bytes).flatMap { Self(tiff: bytes[$0]) } ?? .upright
    }

    /// Reads the first directory of a TIFF header, the form in which EXIF is stored; nil if it is broken, has
    /// no orientation or one outside 1...8.
    init?(tiff block: ArraySlice<UInt8>) {
        guard let reader = TIFFReader(block), let directory = reader.uint32(at: 4),
            let entryCount = reader.uint16(at: directory)
        else { return nil }
        for entry in 0..<entryCount {
            let start = directory + 2 + 12 * entry
            guard let tag = reader.uint16(at: start) else { return nil }
            guard tag == 0x0112 else { continue }
            // Type 3 is a 16-bit number; it stands at the start of the four bytes for the value.
            guard reader.uint16(at: start + 2) == 3, reader.uint32(at: start + 4) == 1,
                let value = reader.uint16(at: start + 8)
            else { return nil }
            self.init(rawValue: value)
            return
        }
        return nil
    }

    /// Where the TIFF header of the first "Exif" APP1 segment lies. Looks at segments before the first scan
    /// only.
    private static func exifBlock(inJPEG bytes: [UInt8]) -> Range<Int>? {
        var position = 2
        while position + 4 <= bytes.count {
            guard bytes[position] == 0xFF else {
                position += 1
                continue
            }
            let marker = bytes[position + 1]
            switch marker {
            case 0xFF:
                position += 1
            case 0x00, 0x01, 0xD0...0xD8:
                position += 2
            case 0xD9, 0xDA:
                return nil
            default:
                let length = Int(bytes[position + 2]) << 8 | Int(bytes[position + 3])
                let end = position + 2 + length
                guard length >= 2, end <= bytes.count else { return nil }
                let header = position + 4
                if marker == 0xE1, length >= 8, bytes[header..<header + 6].elementsEqual(exifSignature) {
                    return header + 6..<end
                }
                position = end
            }
        }
        return nil
    }

    private static let exifSignature: [UInt8] = [0x45, 0x78, 0x69, 0x66, 0, 0]

    private static func exifBlock(inPNG bytes: [UInt8]) -> Range<Int>? {
        guard let reader = TIFFReader(bigEndian: bytes[...]) else { return nil }
        var position = 8
        // Length, type, contents, checksum.
        while let length = reader.uint32(at: position), let type = reader.uint32(at: position + 4) {
            let contents = position + 8
            guard length <= bytes.count - contents else { return nil }
            switch type {
            case 0x6558_4966: return contents..<contents + length
            case 0x4944_4154: return nil
            default: break
            }
            position = contents + length + 4
        }
        return nil
    }
}
