@testable import Checkpointing

/// Pickles put together instruction by instruction, as nobody's program writes them.
enum PickleBytes {
    static let start: [UInt8] = [0x80, 2]
    static let stop: [UInt8] = [0x2E]

    static func global(_ module: String, _ name: String) -> [UInt8] { [UInt8]("c\(module)\n\(name)\n".utf8) }

    static func text(_ text: String) -> [UInt8] { [0x58, UInt8(text.utf8.count), 0, 0, 0] + text.utf8 }

    static func number(_ value: Int32) -> [UInt8] {
        [0x4A] + withUnsafeBytes(of: value.littleEndian) { [UInt8]($0) }
    }

    /// `mark ... TUPLE`.
    static func tuple(_ members: [UInt8]...) -> [UInt8] { [0x28] + members.flatMap { $0 } + [0x74] }

    /// A storage of 32-bit floats.
    static func storage(_ key: String, count: Int32) -> [UInt8] {
        tuple(text("storage"), global("torch", "FloatStorage"), text(key), text("cpu"), number(count)) + [
            0x51
        ]
    }

    /// A tensor of one row.
    static func tensor(_ storage: [UInt8], offset: Int32 = 0, size: Int32, stride: Int32 = 1) -> [UInt8] {
        global("torch._utils", "_rebuild_tensor_v2")
            + tuple(
                storage, number(offset), tuple(number(size)), tuple(number(stride)), [0x89],
                global("collections", "OrderedDict") + [0x29, 0x52]) + [0x52]
    }

    /// A dict of one member.
    static func dictionary(_ key: String, _ value: [UInt8]) -> [UInt8] { [0x7D] + text(key) + value + [0x73] }

    /// The older container, with `storages` behind the model: key, count said there, bytes.
    static func legacy(_ root: [UInt8], _ storages: [(key: String, count: UInt64, bytes: [UInt8])]) -> [UInt8]
    {
        var file: [UInt8] =
            start + [0x8A, 0x0A, 0x6C, 0xFC, 0x9C, 0x46, 0xF9, 0x20, 0x6A, 0xA8, 0x50, 0x19] + stop
        file += start + [0x4D, 0xE9, 0x03] + stop
        file += start + dictionary("little_endian", [0x88]) + stop
        file += start + root + stop
        file += start + [0x5D] + storages.flatMap { text($0.key) + [0x61] } + stop
        for storage in storages {
            file += withUnsafeBytes(of: storage.count.littleEndian) { [UInt8]($0) } + storage.bytes
        }
        return file
    }
}
