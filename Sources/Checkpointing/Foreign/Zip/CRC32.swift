/// The checksum of zip archives: CRC-32 with the polynomial EDB88320, eight bytes at a time.
/// - Source: ISO 3309; the tables for several bytes after Kounavis and Berry, "A systematic approach", 2005.
enum CRC32 {
    /// Table k holds what a byte contributes that k more bytes follow.
    private static let tables: [UInt32] = {
        var tables = [UInt32](repeating: 0, count: 8 * 256)
        for byte in 0..<256 {
            var value = UInt32(byte)
            for _ in 0..<8 { value = value & 1 != 0 ? 0xEDB8_8320 ^ (value >> 1) : value >> 1 }
            tables[byte] = value
        }
        for k in 1..<8 {
            for byte in 0..<256 {
                let before = tables[(k - 1) * 256 + byte]
                tables[k * 256 + byte] = tables[Int(before & 0xFF)] ^ (before >> 8)
            }
        }
        return tables
    }()

    static func checksum(_ bytes: UnsafeRawBufferPointer) -> UInt32 {
        ~tables.withUnsafeBufferPointer { tables in
            var crc: UInt32 = 0xFFFF_FFFF
            var position = 0
            while position + 8 <= bytes.count {
                let word =
                    UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: position, as: UInt64.self))
                    ^ UInt64(crc)
                crc = 0
                for k in 0..<8 { crc ^= tables[(7 - k) * 256 + Int((word >> UInt64(8 * k)) & 0xFF)] }
                position += 8
            }
            while position < bytes.count {
                crc = tables[Int((crc ^ UInt32(bytes[position])) & 0xFF)] ^ (crc >> 8)
                position += 1
            }
            return crc
        }
    }
}
