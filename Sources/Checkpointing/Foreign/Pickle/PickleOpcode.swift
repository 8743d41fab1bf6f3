/// The instructions of the pickle format that files of weights consist of; the raw value is the byte.
/// - Source: Python's `pickletools`, protocols 0 to 5.
enum PickleOpcode: UInt8 {
    case mark = 0x28
    case stop = 0x2E
    case pop = 0x30
    case popMark = 0x31
    case duplicate = 0x32
    case proto = 0x80
    case frame = 0x95
    case none = 0x4E
    case newTrue = 0x88
    case newFalse = 0x89
    case binInt = 0x4A
    case binInt1 = 0x4B
    case binInt2 = 0x4D
    case long1 = 0x8A
    case long4 = 0x8B
    case binFloat = 0x47
    case binString = 0x54
    case shortBinString = 0x55
    case binUnicode = 0x58
    case shortBinUnicode = 0x8C
    case binUnicode8 = 0x8D
    case binBytes = 0x42
    case shortBinBytes = 0x43
    case binBytes8 = 0x8E
    case byteArray8 = 0x96
    case emptyList = 0x5D
    case append = 0x61
    case appends = 0x65
    case list = 0x6C
    case emptyTuple = 0x29
    case tuple = 0x74
    case tuple1 = 0x85
    case tuple2 = 0x86
    case tuple3 = 0x87
    case emptyDictionary = 0x7D
    case dictionary = 0x64
    case setItem = 0x73
    case setItems = 0x75
    case emptySet = 0x8F
    case addItems = 0x90
    case frozenSet = 0x91
    case get = 0x67
    case binGet = 0x68
    case longBinGet = 0x6A
    case put = 0x70
    case binPut = 0x71
    case longBinPut = 0x72
    case memoize = 0x94
    case global = 0x63
    case stackGlobal = 0x93
    case reduce = 0x52
    case build = 0x62
    case newObject = 0x81
    case binPersistentID = 0x51

    /// As `pickletools` calls the byte.
    static func name(_ byte: UInt8) -> String { names[byte] ?? "0x" + String(byte, radix: 16) }

    private static let names: [UInt8: String] = [
        0x28: "MARK", 0x2E: "STOP", 0x30: "POP", 0x31: "POP_MARK", 0x32: "DUP", 0x80: "PROTO", 0x95: "FRAME",
        0x4E: "NONE", 0x88: "NEWTRUE", 0x89: "NEWFALSE", 0x4A: "BININT", 0x4B: "BININT1", 0x4D: "BININT2",
        0x8A: "LONG1", 0x8B: "LONG4", 0x47: "BINFLOAT", 0x54: "BINSTRING", 0x55: "SHORT_BINSTRING",
        0x58: "BINUNICODE", 0x8C: "SHORT_BINUNICODE", 0x8D: "BINUNICODE8", 0x42: "BINBYTES",
        0x43: "SHORT_BINBYTES", 0x8E: "BINBYTES8", 0x96: "BYTEARRAY8", 0x5D: "EMPTY_LIST", 0x61: "APPEND",
        0x65: "APPENDS", 0x6C: "LIST", 0x29: "EMPTY_TUPLE", 0x74: "TUPLE", 0x85: "TUPLE1", 0x86: "TUPLE2",
        0x87: "TUPLE3", 0x7D: "EMPTY_DICT", 0x64: "DICT", 0x73: "SETITEM", 0x75: "SETITEMS",
        0x8F: "EMPTY_SET",
        0x90: "ADDITEMS", 0x91: "FROZENSET", 0x67: "GET", 0x68: "BINGET", 0x6A: "LONG_BINGET", 0x70: "PUT",
        0x71: "BINPUT", 0x72: "LONG_BINPUT", 0x94: "MEMOIZE", 0x63: "GLOBAL", 0x93: "STACK_GLOBAL",
        0x52: "REDUCE", 0x62: "BUILD", 0x81: "NEWOBJ", 0x51: "BINPERSID",
        // Never run.
        0x46: "FLOAT", 0x49: "INT", 0x4C: "LONG", 0x53: "STRING", 0x56: "UNICODE", 0x50: "PERSID",
        0x69: "INST", 0x6F: "OBJ", 0x92: "NEWOBJ_EX", 0x82: "EXT1", 0x83: "EXT2", 0x84: "EXT4",
        0x97: "NEXT_BUFFER", 0x98: "READONLY_BUFFER",
    ]
}
