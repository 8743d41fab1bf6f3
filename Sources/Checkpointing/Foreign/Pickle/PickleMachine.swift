/// Runs the instructions of a pickle over plain data: containers, numbers, texts, and views of storages.
///
/// Nothing is executed. Names select from `PickleGlobal`; any other name, any instruction not in
/// `PickleOpcode` and any operand of the wrong kind ends the reading with the byte where it stands. Memory is
/// bounded by the file's size and `operationLimit`.
struct PickleMachine {
    /// Far above what files of weights need: some 30 for each tensor.
    static let operationLimit = 4_000_000

    let file: MappedFile
    private(set) var cursor: PickleCursor
    var heap = PickleHeap()
    private var stack: [PickleValue] = []
    /// Heights of the stack at open marks.
    private var marks: [Int] = []
    private var memo: [Int: PickleValue] = [:]
    private var operationCount = 0
    /// Bytes decoded from texts so far.
    var decodedByteCount = 0
    /// Of the instruction being run.
    private(set) var position = 0
    private var opcodeName = ""

    /// - range: where the pickle begins, and what it may not go beyond.
    init(_ file: MappedFile, _ range: Range<Int>) {
        self.file = file
        cursor = PickleCursor(file, range)
    }

    /// The value the pickle describes; `cursor` stands behind it.
    mutating func run() throws(CheckpointError) -> PickleValue {
        while true {
            position = cursor.position
            let byte = try cursor.byte()
            opcodeName = PickleOpcode.name(byte)
            try charge(1)
            guard let opcode = PickleOpcode(rawValue: byte) else {
                throw refusal("is not an instruction that weights consist of")
            }
            if opcode == .stop { return try pop() }
            try step(opcode)
        }
    }

    private mutating func step(_ opcode: PickleOpcode) throws(CheckpointError) {
        switch opcode {
        case .mark: marks.append(stack.count)
        case .pop: if stack.count == marks.last { marks.removeLast() } else { _ = try pop() }
        case .popMark: _ = try popToMark()
        case .duplicate: stack.append(try top())
        case .proto, .frame: try skipHeader(opcode)
        case .none: stack.append(.none)
        case .newTrue: stack.append(.bool(true))
        case .newFalse: stack.append(.bool(false))
        case .binInt, .binInt1, .binInt2, .long1, .long4, .binFloat: stack.append(try number(opcode))
        case .binString, .shortBinString, .binUnicode, .shortBinUnicode, .binUnicode8, .binBytes,
            .shortBinBytes,
            .binBytes8, .byteArray8:
            stack.append(try sequence(opcode))
        case .emptyList, .append, .appends, .list: try stepList(opcode)
        case .emptyTuple, .tuple, .tuple1, .tuple2, .tuple3: stack.append(try tuple(opcode))
        case .emptyDictionary, .dictionary, .setItem, .setItems: try stepDictionary(opcode)
        case .emptySet: stack.append(.inert)
        case .addItems:
            _ = try popToMark()
            guard case .inert = try top() else { throw refusal("adds to \(try top().kind), not to a set") }
        case .frozenSet:
            _ = try popToMark()
            stack.append(.inert)
        case .get, .binGet, .longBinGet: try recall(opcode)
        case .put, .binPut, .longBinPut, .memoize: try remember(opcode)
        case .global, .stackGlobal: stack.append(.global(try global(opcode)))
        case .reduce, .newObject:
            let arguments = try pop()
            stack.append(try call(try pop(), arguments))
        case .build:
            let state = try pop()
            stack.append(try build(try pop(), state))
        case .binPersistentID: stack.append(try storage(try pop()))
        case .stop: break
        }
    }

    // MARK: The stack

    mutating func charge(_ count: Int) throws(CheckpointError) {
        operationCount += count
        guard operationCount <= Self.operationLimit else {
            throw refusal("is past the \(Self.operationLimit) operations allowed")
        }
    }

    func refusal(_ what: String, hint: String? = nil) -> CheckpointError {
        file.damage("refused: \(opcodeName) \(what),", at: position, hint: hint)
    }

    private func top() throws(CheckpointError) -> PickleValue {
        guard stack.count > marks.last ?? 0, let value = stack.last else {
            throw refusal("finds the stack empty")
        }
        return value
    }

    private mutating func pop() throws(CheckpointError) -> PickleValue {
        let value = try top()
        stack.removeLast()
        return value
    }

    private mutating func popToMark() throws(CheckpointError) -> [PickleValue] {
        guard let mark = marks.popLast() else { throw refusal("finds no mark") }
        let values = Array(stack[mark...])
        stack.removeLast(values.count)
        return values
    }

    // MARK: Scalars and texts

    private mutating func skipHeader(_ opcode: PickleOpcode) throws(CheckpointError) {
        guard opcode == .proto else {
            _ = try cursor.number(UInt64.self)
            return
        }
        let version = try cursor.byte()
        guard (2...5).contains(version) else { throw refusal("is \(version), and 2 to 5 are read") }
    }

    private mutating func number(_ opcode: PickleOpcode) throws(CheckpointError) -> PickleValue {
        switch opcode {
        case .binInt: return .integer(Int(try cursor.number(Int32.self)))
        case .binInt1: return .integer(Int(try cursor.byte()))
        case .binInt2: return .integer(Int(try cursor.number(UInt16.self)))
        case .binFloat:
            return .number(Double(bitPattern: try cursor.number(UInt64.self).byteSwapped))
        default: break
        }
        let count = opcode == .long1 ? UInt64(try cursor.byte()) : UInt64(try cursor.number(UInt32.self))
        let range = try cursor.take(count)
        // Longer ones do occur, seeds of generators among them; nothing here counts that far.
        guard range.count <= 8 else { return .inert }
        var bits: UInt64 = 0
        for index in range { bits |= UInt64(file.bytes[index]) << UInt64(8 * (index - range.lowerBound)) }
        let unused = UInt64(64 - 8 * range.count)
        return .integer(
            range.isEmpty ? 0 : Int(truncatingIfNeeded: Int64(bitPattern: bits << unused) >> Int64(unused)))
    }

    private mutating func sequence(_ opcode: PickleOpcode) throws(CheckpointError) -> PickleValue {
        let count: UInt64 =
            switch opcode {
            case .shortBinString, .shortBinUnicode, .shortBinBytes: UInt64(try cursor.byte())
            case .binString, .binUnicode, .binBytes: UInt64(try cursor.number(UInt32.self))
            default: try cursor.number(UInt64.self)
            }
        let range = try cursor.take(count)
        return switch opcode {
        case .binUnicode, .shortBinUnicode, .binUnicode8: .text(range)
        default: .bytes(range)
        }
    }

    // MARK: Containers

    private mutating func tuple(_ opcode: PickleOpcode) throws(CheckpointError) -> PickleValue {
        let count: Int
        switch opcode {
        case .emptyTuple: count = 0
        case .tuple1: count = 1
        case .tuple2: count = 2
        case .tuple3: count = 3
        default: return heap.tuple(try popToMark())
        }
        var values: [PickleValue] = []
        for _ in 0..<count { values.append(try pop()) }
        return heap.tuple(values.reversed())
    }

    private mutating func stepList(_ opcode: PickleOpcode) throws(CheckpointError) {
        switch opcode {
        case .emptyList: stack.append(heap.list([]))
        case .list: stack.append(heap.list(try popToMark()))
        default:
            let items = opcode == .append ? [try pop()] : try popToMark()
            switch try top() {
            case .list(let index): heap.lists[index] += items
            case .inert: break
            case let other: throw refusal("adds to \(other.kind), not to a list")
            }
        }
    }

    private mutating func stepDictionary(_ opcode: PickleOpcode) throws(CheckpointError) {
        if opcode == .emptyDictionary {
            stack.append(.dictionary(heap.newDictionary()))
            return
        }
        var items: [PickleValue]
        if opcode == .setItem {
            items = [try pop()]
            items.insert(try pop(), at: 0)
        } else {
            items = try popToMark()
        }
        guard items.count.isMultiple(of: 2) else { throw refusal("has a key without a value") }
        let target = opcode == .dictionary ? .dictionary(heap.newDictionary()) : try top()
        if opcode == .dictionary { stack.append(target) }
        switch target {
        case .dictionary(let index), .orderedDictionary(let index):
            for i in stride(from: 0, to: items.count, by: 2) {
                heap.dictionaries[index].append((items[i], items[i + 1]))
            }
        case .inert: break
        default: throw refusal("sets an item of \(target.kind), not of a dict")
        }
    }

    // MARK: Memory and names

    private mutating func memoIndex(_ opcode: PickleOpcode) throws(CheckpointError) -> Int {
        switch opcode {
        case .binGet, .binPut: return Int(try cursor.byte())
        case .longBinGet, .longBinPut: return Int(try cursor.number(UInt32.self))
        case .memoize: return memo.count
        default:
            guard let index = Int(try cursor.line()), index >= 0 else {
                throw refusal("names no place in memory")
            }
            return index
        }
    }

    private mutating func recall(_ opcode: PickleOpcode) throws(CheckpointError) {
        let index = try memoIndex(opcode)
        guard let value = memo[index] else {
            throw refusal("reads place \(index) of the memo, which is empty")
        }
        stack.append(value)
    }

    private mutating func remember(_ opcode: PickleOpcode) throws(CheckpointError) {
        memo[try memoIndex(opcode)] = try top()
    }

    private mutating func global(_ opcode: PickleOpcode) throws(CheckpointError) -> PickleGlobal {
        let path: String
        if opcode == .global {
            let module = try cursor.line()
            path = "\(module).\(try cursor.line())"
        } else {
            let (name, module) = (try pop(), try pop())
            guard let name = string(name), let module = string(module) else {
                throw refusal("has a name that is no text")
            }
            path = "\(module).\(name)"
        }
        guard let global = PickleGlobal(path: path) else {
            throw refusal(
                "names '\(path)', which is not among the names that weights need; nothing was executed",
                hint: "a file of weights alone (a state dict) can be read")
        }
        return global
    }

    /// The longest text worth decoding; contents of arrays are not.
    private static let longestText = 1 << 16

    /// A text, or an 8-bit text of Python 2.
    func string(_ value: PickleValue) -> String? {
        switch value {
        case .text(let range), .bytes(let range): range.count > Self.longestText ? nil : file.text(range)
        default: nil
        }
    }
}
