/// What a pickle's instructions push and pop. Containers are indices into the machine's heap, so values own
/// nothing: neither deep nesting nor cycles cost more than the place they take.
enum PickleValue {
    case none
    case bool(Bool)
    case integer(Int)
    case number(Double)
    /// UTF-8 where it stands in the file.
    case text(Range<Int>)
    /// Bytes where they stand in the file; also the 8-bit texts of Python 2.
    case bytes(Range<Int>)
    /// Bytes that had to be decoded from a text.
    case decodedBytes(Int)
    case tuple(Int)
    case list(Int)
    case dictionary(Int)
    case orderedDictionary(Int)
    case global(PickleGlobal)
    case storage(Int)
    case tensor(Int)
    case array(Int)
    case elementType(Int)
    /// What may stand in a file but is not looked at.
    case inert

    /// For messages.
    var kind: String {
        switch self {
        case .none: "None"
        case .bool: "a truth value"
        case .integer, .number: "a number"
        case .text: "a text"
        case .bytes, .decodedBytes: "bytes"
        case .tuple: "a tuple"
        case .list: "a list"
        case .dictionary, .orderedDictionary: "a dict"
        case .global: "a class"
        case .storage: "a storage"
        case .tensor: "a tensor"
        case .array: "an array"
        case .elementType: "an element type"
        case .inert: "an object"
        }
    }
}
