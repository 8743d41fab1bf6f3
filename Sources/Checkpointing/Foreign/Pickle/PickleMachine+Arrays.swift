/// Arrays of numpy.
extension PickleMachine {
    /// Little-endian elements by the name numpy gives them; others cannot be weights.
    static let elementTypes: [String: SafetensorsDType] = [
        "f8": .float64, "f4": .float32, "f2": .float16, "i8": .int64, "i4": .int32, "i2": .int16, "i1": .int8,
        "u1": .uint8, "b1": .bool, "<f8": .float64, "<f4": .float32, "<f2": .float16, "<i8": .int64,
        "<i4": .int32, "<i2": .int16, "|i1": .int8, "|u1": .uint8, "|b1": .bool,
    ]

    /// State of an array: version, shape, element type, whether columns come first, contents.
    mutating func buildArray(_ index: Int, _ state: PickleValue) throws(CheckpointError) {
        guard case .tuple(let members) = state else {
            throw refusal("gives an array \(state.kind) for a state")
        }
        let all = heap.tuples[members]
        guard all.count == 5, let shape = integers(all[1]), case .elementType(let type) = all[2] else {
            throw refusal("gives an array no shape or element type")
        }
        var isColumnMajor = false
        switch all[3] {
        case .bool(let flag): isColumnMajor = flag
        case .integer(let number): isColumnMajor = number != 0
        default: throw refusal("gives an array no order")
        }
        try fill(index, shape: shape, type: type, isColumnMajor: isColumnMajor, contents: all[4])
    }

    /// Contents, element type, shape, order.
    mutating func arrayFromBuffer(_ arguments: [PickleValue]) throws(CheckpointError) -> PickleValue {
        guard arguments.count == 4, case .elementType(let type) = arguments[1],
            let shape = integers(arguments[2]),
            let order = string(arguments[3])
        else { throw refusal("makes an array of something else than bytes, element type, shape and order") }
        heap.arrays.append(PickleHeap.Array(position: position))
        let index = heap.arrays.count - 1
        try fill(index, shape: shape, type: type, isColumnMajor: order == "F", contents: arguments[0])
        return .array(index)
    }

    private mutating func fill(
        _ index: Int, shape: [Int], type: Int, isColumnMajor: Bool, contents: PickleValue
    ) throws(CheckpointError) {
        // An array of objects or texts may stand beside the weights.
        guard let dtype = heap.elementTypes[type] else { return }
        let count: Int
        switch contents {
        case .bytes(let range): count = range.count
        case .decodedBytes(let block): count = heap.decoded[block].count
        default: throw refusal("fills an array with \(contents.kind)")
        }
        guard ForeignTensor.byteCount(dtype, shape) == count else {
            throw refusal("fills an array of \(dtype.rawValue) \(shape) with \(count) bytes")
        }
        heap.arrays[index].dtype = dtype
        heap.arrays[index].shape = shape
        heap.arrays[index].isColumnMajor = isColumnMajor
        heap.arrays[index].contents = contents
    }

    /// `_codecs.encode(text, 'latin1')`: how protocol 2 writes bytes.
    mutating func encode(_ arguments: [PickleValue]) throws(CheckpointError) -> PickleValue {
        guard arguments.count == 2, case .text(let range) = arguments[0], string(arguments[1]) == "latin1"
        else {
            throw refusal("encodes something else than a text as latin1")
        }
        decodedByteCount += range.count
        guard decodedByteCount <= file.count else {
            throw refusal("decodes more bytes than the file has")
        }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(range.count)
        var index = range.lowerBound
        while index < range.upperBound {
            let first = file.bytes[index]
            if first < 0x80 {
                bytes.append(first)
                index += 1
                continue
            }
            // U+0080 to U+00FF take two bytes, of which the first is C2 or C3.
            guard first & 0xFE == 0xC2, index + 1 < range.upperBound, file.bytes[index + 1] & 0xC0 == 0x80
            else {
                throw refusal("encodes a text with characters beyond latin1")
            }
            bytes.append((first & 0x03) << 6 | file.bytes[index + 1] & 0x3F)
            index += 2
        }
        heap.decoded.append(bytes)
        return .decodedBytes(heap.decoded.count - 1)
    }
}
