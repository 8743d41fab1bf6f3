/// The digest of one tensor's bytes as it stands in a checkpoint's metadata.
enum TensorDigest {
    static func metadataKey(_ name: String) -> String { "digest." + name }

    /// XXH64 in 16 hexadecimal digits.
    static func text(_ bytes: ArraySlice<UInt8>) -> String {
        let digits = String(XXH64.digest(bytes), radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
    }
}
