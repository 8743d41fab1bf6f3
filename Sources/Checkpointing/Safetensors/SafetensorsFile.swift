/// A safetensors file in memory, every claim of its header checked.
///
/// The format: the header's length as a 64-bit little-endian number, the header in JSON, the tensors' bytes.
/// - Source: github.com/huggingface/safetensors, "Format".
package struct SafetensorsFile: Sendable {
    package let path: String
    /// In the order of their bytes.
    package let entries: [SafetensorsEntry]
    package let metadata: [String: String]
    private let indices: [String: Int]

    /// Reads the file at `path`, packed with zstd or not: its first bytes tell, not its name.
    package init(path: String) throws(CheckpointError) {
        let contents = try FileContents(path: path)
        if let fault = contents.fault {
            let tensor = Self.tensorAtFault(in: contents.bytes)
            throw CheckpointError(.damaged, path: path, tensor: tensor, fault, hint: Self.damageHint)
        }
        try self.init(bytes: contents.bytes, path: path)
        if contents.lacksSeal && CheckpointMetadata.isPresent(in: metadata) {
            throw CheckpointError(
                .damaged, path: path, "cut short: the digest behind its zstd frame is missing",
                hint: "a checkpoint packed again by hand has none either: leave it unpacked")
        }
    }

    /// - path: names the file in errors.
    package init(bytes: [UInt8], path: String) throws(CheckpointError) {
        let (header, dataStart) = try Self.header(of: bytes, path: path)
        let records = header.records.sorted { ($0.begin, $0.end) < ($1.begin, $1.end) }
        let dataCount = bytes.count - dataStart
        var entries: [SafetensorsEntry] = []
        var position = 0
        for record in records {
            func fault(_ message: String) -> CheckpointError {
                CheckpointError(.damaged, path: path, tensor: record.name, message)
            }
            guard let dtype = SafetensorsDType(rawValue: record.dtype) else {
                throw fault(
                    "element type \(record.dtype) at byte \(record.begin) of the data is not one this program reads"
                )
            }
            guard record.end >= record.begin, record.end <= dataCount else {
                throw fault(
                    "bytes \(record.begin)..<\(record.end) do not lie within the file's \(dataCount) of data")
            }
            let expected = Self.byteCount(dtype, record.shape)
            guard record.end - record.begin == expected else {
                let needed = expected.map(String.init) ?? "more than 2^63"
                throw fault(
                    "has \(record.end - record.begin) bytes at byte \(record.begin) of the data, \(record.dtype) \(record.shape) needs \(needed)"
                )
            }
            guard record.begin == position else {
                let what =
                    record.begin < position ? "overlaps the tensor before it" : "leaves a gap before it"
                throw fault("\(what): begins at byte \(record.begin) of the data, not at \(position)")
            }
            position = record.end
            let slice = bytes[(dataStart + record.begin)..<(dataStart + record.end)]
            entries.append(
                SafetensorsEntry(name: record.name, dtype: dtype, shape: record.shape, bytes: slice))
        }
        guard position == dataCount else {
            throw CheckpointError(
                .damaged, path: path,
                "\(dataCount - position) bytes follow the last tensor, at byte \(position) of the data")
        }
        self.path = path
        self.entries = entries
        metadata = header.metadata
        indices = Dictionary(uniqueKeysWithValues: entries.indices.map { (entries[$0].name, $0) })
    }

    package subscript(name: String) -> SafetensorsEntry? { indices[name].map { entries[$0] } }

    static let damageHint = "copy it again, or take an older checkpoint"

    private static func byteCount(_ dtype: SafetensorsDType, _ shape: [Int]) -> Int? {
        var result = dtype.byteCount
        for extent in shape {
            let (product, overflow) = result.multipliedReportingOverflow(by: extent)
            if overflow { return nil }
            result = product
        }
        return result
    }

    private static func header(
        of bytes: [UInt8], path: String
    ) throws(CheckpointError) -> (SafetensorsHeader, dataStart: Int) {
        guard bytes.count >= 8 else {
            throw CheckpointError(.damaged, path: path, "\(bytes.count) bytes are no safetensors file")
        }
        let length = bytes.withUnsafeBytes { UInt64(littleEndian: $0.loadUnaligned(as: UInt64.self)) }
        guard length <= SafetensorsHeader.byteLimit else {
            throw CheckpointError(
                .damaged, path: path,
                "a header of \(length) bytes, where \(SafetensorsHeader.byteLimit) are allowed"
            )
        }
        let dataStart = 8 + Int(length)
        guard dataStart <= bytes.count else {
            throw CheckpointError(
                .damaged, path: path,
                "a header of \(length) bytes in a file of \(bytes.count) bytes: cut short")
        }
        do {
            return (try SafetensorsHeader(json: bytes[8..<dataStart]), dataStart)
        } catch {
            throw CheckpointError(.damaged, path: path, tensor: error.tensor, error.message)
        }
    }

    /// The first tensor in what could be unpacked of a broken file that is wrong or incomplete.
    private static func tensorAtFault(in bytes: [UInt8]) -> String? {
        guard let (header, dataStart) = try? header(of: bytes, path: "") else { return nil }
        let available = bytes.count - dataStart
        return header.records.sorted { $0.begin < $1.begin }.first { record in
            guard record.begin >= 0, record.begin <= record.end, record.end <= available else { return true }
            let digest = header.metadata[CheckpointMetadata.digestKey(record.name)]
            return digest != nil
                && digest != XXH64.text(bytes[(dataStart + record.begin)..<(dataStart + record.end)])
        }?.name
    }
}
