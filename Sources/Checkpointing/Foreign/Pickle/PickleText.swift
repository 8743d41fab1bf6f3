/// Instructions of a pickle on their way into a file: the few that a dict of tensors takes.
struct PickleText {
    private(set) var bytes: [UInt8]

    init(version: UInt8) { bytes = [PickleOpcode.proto.rawValue, version] }

    mutating func clear() { bytes.removeAll() }

    mutating func run(_ opcodes: PickleOpcode...) { bytes += opcodes.map(\.rawValue) }

    mutating func text(_ text: String) {
        run(.binUnicode)
        number(UInt32(text.utf8.count))
        bytes += text.utf8
    }

    mutating func integer(_ value: Int) {
        if let small = Int32(exactly: value) {
            run(.binInt)
            number(small)
        } else {
            run(.long1)
            bytes.append(8)
            number(Int64(value))
        }
    }

    mutating func integers(_ values: [Int]) {
        run(.mark)
        for value in values { integer(value) }
        run(.tuple)
    }

    mutating func global(_ module: String, _ name: String) {
        run(.global)
        bytes += "\(module)\n\(name)\n".utf8
    }

    /// The start of a byte string whose bytes follow.
    mutating func bytesHeader(count: Int) {
        run(.binBytes8)
        number(UInt64(count))
    }

    private mutating func number(_ value: some FixedWidthInteger) {
        withUnsafeBytes(of: value.littleEndian) { bytes += $0 }
    }
}
