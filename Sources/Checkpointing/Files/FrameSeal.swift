/// What follows the zstd frame of a checkpoint: a skippable frame with the digest of every byte before it.
///
/// zstd's own checksum covers the content, not the packed bytes. Some of their bits mean nothing to the
/// decoder (a dozen of some 65 000 in the tests' sample), so a flip there would pass. The seal finds it, and
/// unpackers skip the seal (RFC 8878, 3.1.2).
enum FrameSeal {
    /// Magic number of a skippable frame, its length in bytes, and the digest's name.
    private static let start: [UInt8] = [0x5D, 0x2A, 0x4D, 0x18, 16, 0, 0, 0] + Array("xxh64:  ".utf8)

    static let byteCount = start.count + 8

    static func bytes(_ digest: XXH64) -> [UInt8] {
        start + withUnsafeBytes(of: digest.digest.littleEndian) { [UInt8]($0) }
    }
}
