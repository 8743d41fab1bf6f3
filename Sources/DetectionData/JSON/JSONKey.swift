/// A key of a JSON object, comparable with literals without making a string, as in `case "bbox":`.
///
/// It points into the scanned text and is valid until the next key is read from the same scanner.
package struct JSONKey {
    let bytes: UnsafeBufferPointer<UInt8>

    /// The key as text, for messages.
    package var text: String { String(decoding: bytes, as: UTF8.self) }

    package static func ~= (pattern: StaticString, key: JSONKey) -> Bool {
        guard pattern.utf8CodeUnitCount == key.bytes.count else { return false }
        for i in 0..<key.bytes.count where pattern.utf8Start[i] != key.bytes[i] { return false }
        return true
    }
}
