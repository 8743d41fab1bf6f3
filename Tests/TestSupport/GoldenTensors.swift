package import Foundation
package import Tensors

/// What is wrong with a golden file, or with what a test asked of it.
package struct GoldenError: Error, CustomStringConvertible {
    package let description: String
}

/// A safetensors file of numbers from outside: float32 and float64 values, integers, and a map of strings.
///
/// A reader of the tests' own, so that a fault in the program's reader cannot hide itself.
package struct GoldenTensors {
    private struct Entry {
        let type: String
        let shape: [Int]
        let bytes: Range<Int>
    }

    private let name: String
    private let data: Data
    private let entries: [String: Entry]
    /// The file's `__metadata__`.
    package let metadata: [String: String]

    /// - path: below `Tests/TestSupport/Golden`.
    package init(_ path: String) throws { try self.init(contentsOf: Golden.url(path)) }

    package init(contentsOf url: URL) throws {
        name = url.lastPathComponent
        data = try Data(contentsOf: url, options: .alwaysMapped)
        guard data.count >= 8 else { throw GoldenError(description: "\(name) has no header") }
        let length = data.prefix(8).enumerated().reduce(0) { $0 | Int($1.element) << (8 * $1.offset) }
        guard length > 0, length <= data.count - 8,
            let header = try JSONSerialization.jsonObject(with: data[8..<(8 + length)]) as? [String: Any]
        else { throw GoldenError(description: "\(name): a header of \(length) bytes in \(data.count)") }
        metadata = header["__metadata__"] as? [String: String] ?? [:]
        var entries: [String: Entry] = [:]
        for (key, value) in header where key != "__metadata__" {
            guard let fields = value as? [String: Any], let type = fields["dtype"] as? String,
                let shape = fields["shape"] as? [Int], let bounds = fields["data_offsets"] as? [Int],
                bounds.count == 2, bounds[0] >= 0, bounds[0] <= bounds[1],
                8 + length + bounds[1] <= data.count
            else { throw GoldenError(description: "\(name): entry \(key) is broken") }
            entries[key] = Entry(
                type: type, shape: shape, bytes: (8 + length + bounds[0])..<(8 + length + bounds[1]))
        }
        self.entries = entries
    }

    /// All keys, ascending.
    package var keys: [String] { entries.keys.sorted() }

    package func contains(_ key: String) -> Bool { entries[key] != nil }

    package func shape(_ key: String) throws -> [Int] { try entry(key).shape }

    /// Float32 values.
    package func floats(_ key: String) throws -> [Float] { try elements(key, ["F32"], Float.self) }

    /// Float32 or float64 values.
    package func doubles(_ key: String) throws -> [Double] {
        try entry(key).type == "F32" ? floats(key).map { Double($0) } : elements(key, ["F64"], Double.self)
    }

    /// Integers of 8 (unsigned), 32 or 64 bits.
    package func integers(_ key: String) throws -> [Int] {
        switch try entry(key).type {
        case "U8": try elements(key, ["U8"], UInt8.self).map { Int($0) }
        case "I32": try elements(key, ["I32"], Int32.self).map { Int($0) }
        default: try elements(key, ["I64"], Int64.self).map { Int($0) }
        }
    }

    /// Class labels and the like.
    package func labels(_ key: String) throws -> [Int32] { try integers(key).map { Int32($0) } }

    /// The only number of a float32 or float64 entry.
    package func scalar(_ key: String) throws -> Double {
        let values = try doubles(key)
        guard values.count == 1 else {
            throw GoldenError(description: "\(name): \(key) has \(values.count) values")
        }
        return values[0]
    }

    /// A float32 entry as a tensor of its shape.
    package func tensor(_ key: String) throws -> Tensor { Tensor(try floats(key), shape: try shape(key)) }

    /// The metadata entry `key`, JSON, as `type`.
    package func note<Value: Decodable>(_ key: String, as type: Value.Type) throws -> Value {
        guard let text = metadata[key] else { throw GoldenError(description: "\(name): no note \(key)") }
        return try JSONDecoder().decode(type, from: Data(text.utf8))
    }

    private func entry(_ key: String) throws -> Entry {
        guard let entry = entries[key] else { throw GoldenError(description: "\(name): no entry \(key)") }
        return entry
    }

    private func elements<Element>(_ key: String, _ types: [String], _: Element.Type) throws -> [Element] {
        let entry = try entry(key)
        let count = entry.shape.reduce(1, *)
        guard types.contains(entry.type), entry.bytes.count == count * MemoryLayout<Element>.stride else {
            throw GoldenError(description: "\(name): \(key) is \(entry.type) of \(entry.bytes.count) bytes")
        }
        return data.withUnsafeBytes { raw in
            (0..<count).map {
                raw.loadUnaligned(
                    fromByteOffset: entry.bytes.lowerBound + $0 * MemoryLayout<Element>.stride,
                    as: Element.self)
            }
        }
    }
}
