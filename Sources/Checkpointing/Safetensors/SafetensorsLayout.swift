/// How tensors lie in a safetensors file: the same tensors and metadata give the same bytes.
///
/// Wide types come first, then names in order; with a padded header every tensor is aligned to its elements.
struct SafetensorsLayout {
    /// In the order of their bytes.
    let entries: [SafetensorsEntry]
    /// Length, JSON and padding: a multiple of 8 bytes.
    let header: [UInt8]
    /// Bytes of the whole file.
    let byteCount: Int

    init(_ unordered: [SafetensorsEntry], metadata: [String: String]) {
        precondition(Set(unordered.map(\.name)).count == unordered.count, "two tensors of one name")
        precondition(
            !unordered.contains { $0.name == "__metadata__" }, "no tensor may be called __metadata__")
        entries = unordered.sorted {
            ($1.dtype.byteCount, $0.name) < ($0.dtype.byteCount, $1.name)
        }
        var members: [String] = []
        if !metadata.isEmpty {
            let pairs = metadata.sorted { $0.key < $1.key }.map {
                "\(Self.quoted($0.key)):\(Self.quoted($0.value))"
            }
            members.append("\"__metadata__\":{\(pairs.joined(separator: ","))}")
        }
        var position = 0
        for entry in entries {
            let end = position + entry.bytes.count
            let shape = entry.shape.map(String.init).joined(separator: ",")
            members.append(
                Self.quoted(entry.name) + ":{\"dtype\":\"\(entry.dtype.rawValue)\",\"shape\":[\(shape)],"
                    + "\"data_offsets\":[\(position),\(end)]}")
            position = end
        }
        var json = [UInt8]("{\(members.joined(separator: ","))}".utf8)
        json.append(contentsOf: repeatElement(UInt8(ascii: " "), count: -json.count & 7))
        header = withUnsafeBytes(of: UInt64(json.count).littleEndian) { [UInt8]($0) } + json
        byteCount = header.count + position
    }

    private static func quoted(_ text: String) -> String {
        var result = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"", "\\": result += "\\\(scalar)"
            case "\n": result += "\\n"
            case "\u{0}"..<" ":
                let digits = String(scalar.value, radix: 16)
                result += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result + "\""
    }
}
