/// What stands for the calls in a pickle.
extension PickleMachine {
    /// REDUCE and NEWOBJ.
    mutating func call(_ callable: PickleValue, _ arguments: PickleValue) throws(CheckpointError)
        -> PickleValue
    {
        guard case .tuple(let index) = arguments else { throw refusal("has \(arguments.kind) for arguments") }
        let arguments = heap.tuples[index]
        // An object written as a call of something inert, such as a class's function.
        if case .inert = callable { return .inert }
        guard case .global(let global) = callable else { throw refusal("calls \(callable.kind)") }
        switch global {
        case .orderedDictionary: return try orderedDictionary(arguments)
        case .rebuildTensor: return try tensor(arguments)
        case .rebuildParameter:
            guard case .tensor? = arguments.first else { throw refusal("makes a parameter of no tensor") }
            return arguments[0]
        case .size:
            guard arguments.count == 1, case .tuple = arguments[0] else {
                throw refusal("makes a size of no tuple")
            }
            return arguments[0]
        case .arrayReconstruct:
            guard case .global(.arrayType)? = arguments.first else {
                throw refusal("reconstructs something that is no numpy.ndarray")
            }
            heap.arrays.append(PickleHeap.Array(position: position))
            return .array(heap.arrays.count - 1)
        case .arrayFromBuffer: return try arrayFromBuffer(arguments)
        case .elementType:
            guard let code = arguments.first, let name = string(code) else {
                throw refusal("names no element type")
            }
            heap.elementTypes.append(Self.elementTypes[name])
            return .elementType(heap.elementTypes.count - 1)
        case .scalar:
            guard arguments.count == 2, case .elementType = arguments[0] else {
                throw refusal("makes no number")
            }
            return .inert
        case .encode: return try encode(arguments)
        case .inert: return .inert
        case .attribute:
            switch arguments.first {
            case .inert?, .global(.inert)?: return .inert
            default: throw refusal("asks for an attribute of something that is not a known class")
            }
        case .storage, .arrayType: throw refusal("calls a class that is not called in weights")
        }
    }

    /// BUILD: sets an object's state.
    mutating func build(_ object: PickleValue, _ state: PickleValue) throws(CheckpointError) -> PickleValue {
        switch object {
        case .inert: return object
        case .orderedDictionary:
            // PyTorch hangs its modules' versions on a state dict.
            guard case .dictionary = state else { throw refusal("gives a dict \(state.kind) for a state") }
            return object
        case .elementType(let index):
            guard case .tuple(let members) = state, heap.tuples[members].count >= 2,
                let order = string(heap.tuples[members][1])
            else { throw refusal("gives an element type no byte order") }
            if order == ">" { heap.elementTypes[index] = nil }
            return object
        case .array(let index):
            try buildArray(index, state)
            return object
        default: throw refusal("sets the state of \(object.kind)")
        }
    }

    /// BINPERSID: `('storage', class, key, device, count)`, in the older container with a view behind it.
    mutating func storage(_ id: PickleValue) throws(CheckpointError) -> PickleValue {
        guard case .tuple(let index) = id else { throw refusal("names \(id.kind), not a storage") }
        let members = heap.tuples[index]
        guard members.count >= 5, string(members[0]) == "storage" else { throw refusal("names no storage") }
        guard case .global(.storage(let dtype)) = members[1] else {
            throw refusal("names a storage of an unknown class")
        }
        guard let key = string(members[2]), case .integer(let count) = members[4], count >= 0 else {
            throw refusal("names a storage without a key or a count")
        }
        if members.count > 5 {
            guard case .none = members[5] else {
                throw refusal("names a view of a storage", hint: "save it again with PyTorch 1.0 or later")
            }
        }
        heap.storages.append(PickleHeap.Storage(key: key, dtype: dtype, count: count))
        return .storage(heap.storages.count - 1)
    }

    private mutating func orderedDictionary(_ arguments: [PickleValue]) throws(CheckpointError) -> PickleValue
    {
        let index = heap.newDictionary()
        guard let first = arguments.first else { return .orderedDictionary(index) }
        // Python 2 writes its members as pairs.
        guard arguments.count == 1, case .list(let pairs) = first else {
            throw refusal("makes a dict of \(first.kind)")
        }
        try charge(heap.lists[pairs].count)
        for pair in heap.lists[pairs] {
            let members: [PickleValue]
            switch pair {
            case .list(let index): members = heap.lists[index]
            case .tuple(let index): members = heap.tuples[index]
            default: members = []
            }
            guard members.count == 2 else { throw refusal("makes a dict of things that are no pairs") }
            heap.dictionaries[index].append((members[0], members[1]))
        }
        return .orderedDictionary(index)
    }

    private mutating func tensor(_ arguments: [PickleValue]) throws(CheckpointError) -> PickleValue {
        guard arguments.count >= 4, case .storage(let storage) = arguments[0],
            case .integer(let offset) = arguments[1], let shape = integers(arguments[2]),
            let strides = integers(arguments[3]), shape.count == strides.count, offset >= 0
        else { throw refusal("rebuilds a tensor from something else than storage, offset, size and strides") }
        let claimed = heap.storages[storage].count
        guard ForeignTensor.fits(shape: shape, strides: strides, offset: offset, in: claimed) else {
            throw refusal(
                "rebuilds a tensor of \(shape) with strides \(strides) from element \(offset) of a storage of \(claimed)"
            )
        }
        heap.tensors.append(
            PickleHeap.Tensor(
                storage: storage, offset: offset, shape: shape, strides: strides, position: position))
        return .tensor(heap.tensors.count - 1)
    }

    /// Whole numbers of a tuple or a list, none below 0.
    func integers(_ value: PickleValue) -> [Int]? {
        let members: [PickleValue]
        switch value {
        case .tuple(let index): members = heap.tuples[index]
        case .list(let index): members = heap.lists[index]
        default: return nil
        }
        guard members.count <= ForeignTensor.maximumRank else { return nil }
        var result: [Int] = []
        for member in members {
            guard case .integer(let number) = member, number >= 0 else { return nil }
            result.append(number)
        }
        return result
    }
}
