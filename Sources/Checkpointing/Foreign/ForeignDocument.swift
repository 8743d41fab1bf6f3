/// What a pickle described, with the bytes its tensors are views of.
struct ForeignDocument {
    let file: MappedFile
    let root: PickleValue
    let heap: PickleHeap
    /// One for each of the heap's.
    let storages: [ForeignStorage]

    /// Members of a dictionary by name; of two with one name the later counts, as in Python.
    func members(_ value: PickleValue) -> [(name: String, value: PickleValue)]? {
        let index: Int
        switch value {
        case .dictionary(let i), .orderedDictionary(let i): index = i
        default: return nil
        }
        var places: [String: Int] = [:]
        var result: [(name: String, value: PickleValue)] = []
        for (key, value) in heap.dictionaries[index] {
            guard let name = text(key) else { continue }
            if let place = places[name] {
                result[place].value = value
            } else {
                places[name] = result.count
                result.append((name, value))
            }
        }
        return result
    }

    func text(_ value: PickleValue) -> String? {
        switch value {
        case .text(let range), .bytes(let range): range.count > 1 << 16 ? nil : file.text(range)
        default: nil
        }
    }

    /// The texts of a list or a tuple; `nil` if it holds anything else.
    func texts(_ value: PickleValue) -> [String]? {
        let members: [PickleValue]
        switch value {
        case .list(let index): members = heap.lists[index]
        case .tuple(let index): members = heap.tuples[index]
        default: return nil
        }
        let texts = members.compactMap { text($0) }
        return texts.count == members.count && !texts.isEmpty ? texts : nil
    }

    /// A tensor or an array of numbers; `nil` for anything else.
    func tensor(_ value: PickleValue, named name: String) -> ForeignTensor? {
        switch value {
        case .tensor(let index):
            let view = heap.tensors[index]
            return ForeignTensor(
                name: name, dtype: heap.storages[view.storage].dtype, shape: view.shape,
                strides: view.strides,
                offset: view.offset, storage: storages[view.storage])
        case .array(let index):
            let array = heap.arrays[index]
            guard let dtype = array.dtype, let storage = storage(array.contents) else { return nil }
            var strides = [Int](repeating: 1, count: array.shape.count)
            let axes = Array(array.shape.indices)
            var step = 1
            for axis in array.isColumnMajor ? axes : axes.reversed() {
                strides[axis] = step
                step *= array.shape[axis]
            }
            return ForeignTensor(
                name: name, dtype: dtype, shape: array.shape, strides: strides, offset: 0, storage: storage)
        default: return nil
        }
    }

    private func storage(_ contents: PickleValue) -> ForeignStorage? {
        switch contents {
        case .bytes(let range): ForeignStorage(file, range)
        case .decodedBytes(let block): ForeignStorage(copying: heap.decoded[block])
        default: nil
        }
    }
}
