/// The JSON header of a safetensors file as it stands there, before any of its claims is checked.
struct SafetensorsHeader {
    struct Record: Equatable {
        var name: String
        var dtype: String
        var shape: [Int]
        /// Byte range in the data that follow the header.
        var begin: Int
        var end: Int
    }

    /// What is wrong, and the tensor it is about.
    struct Fault: Error {
        let message: String
        let tensor: String?
    }

    /// Longest header the format allows, in bytes.
    static let byteLimit = 100_000_000

    var records: [Record] = []
    var metadata: [String: String] = [:]

    init() {}

    /// - json: the header's bytes, trailing padding included.
    init(json: ArraySlice<UInt8>) throws(Fault) {
        var parser = HeaderParser(json)
        var names = Set<String>()
        var hasMetadata = false
        try parser.object { parser, key throws(Fault) in
            if key == "__metadata__" {
                guard !hasMetadata else { throw Fault(message: "two __metadata__ maps", tensor: nil) }
                hasMetadata = true
                metadata = try Self.metadata(&parser)
            } else {
                guard names.insert(key).inserted else {
                    throw Fault(message: "the name occurs twice", tensor: key)
                }
                records.append(try Self.record(&parser, name: key))
            }
        }
        try parser.end()
    }

    private static func metadata(_ parser: inout HeaderParser) throws(Fault) -> [String: String] {
        var result: [String: String] = [:]
        try parser.object { parser, key throws(Fault) in
            let value = try parser.string()
            guard result.updateValue(value, forKey: key) == nil else {
                throw Fault(message: "metadata key '\(key)' occurs twice", tensor: nil)
            }
        }
        return result
    }

    private static func record(_ parser: inout HeaderParser, name: String) throws(Fault) -> Record {
        var dtype: String?
        var shape: [Int]?
        var offsets: [Int]?
        do {
            try parser.object { parser, key throws(Fault) in
                switch key {
                case "dtype" where dtype == nil: dtype = try parser.string()
                case "shape" where shape == nil: shape = try parser.integers()
                case "data_offsets" where offsets == nil: offsets = try parser.integers()
                default:
                    throw Fault(message: "unexpected or repeated key '\(key)' in the header", tensor: name)
                }
            }
        } catch {
            throw Fault(message: error.message, tensor: name)
        }
        guard let dtype, let shape, let offsets, offsets.count == 2 else {
            throw Fault(message: "the header lacks dtype, shape or a pair of data_offsets", tensor: name)
        }
        return Record(name: name, dtype: dtype, shape: shape, begin: offsets[0], end: offsets[1])
    }
}
