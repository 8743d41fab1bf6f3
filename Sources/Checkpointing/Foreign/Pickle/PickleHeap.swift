/// Everything that the values of one pickle refer to.
struct PickleHeap {
    /// Elements that the file promises and that its container must turn out to have.
    struct Storage {
        let key: String
        let dtype: SafetensorsDType
        let count: Int
    }

    /// A view of a storage, found to lie within the count that the storage claims.
    struct Tensor {
        let storage: Int
        let offset: Int
        let shape: [Int]
        let strides: [Int]
        /// Of the instruction that made it.
        let position: Int
    }

    /// An array of numpy; complete once its state was set.
    struct Array {
        var dtype: SafetensorsDType?
        var shape: [Int] = []
        var isColumnMajor = false
        var contents: PickleValue = .none
        let position: Int
    }

    /// `nil` for elements that are no numbers, or big-endian ones; an array of them cannot be used.
    var elementTypes: [SafetensorsDType?] = []
    var tuples: [[PickleValue]] = []
    var lists: [[PickleValue]] = []
    var dictionaries: [[(key: PickleValue, value: PickleValue)]] = []
    var decoded: [[UInt8]] = []
    var storages: [Storage] = []
    var tensors: [Tensor] = []
    var arrays: [Array] = []

    mutating func tuple(_ values: [PickleValue]) -> PickleValue {
        tuples.append(values)
        return .tuple(tuples.count - 1)
    }

    mutating func list(_ values: [PickleValue]) -> PickleValue {
        lists.append(values)
        return .list(lists.count - 1)
    }

    /// The index of a new, empty dictionary.
    mutating func newDictionary() -> Int {
        dictionaries.append([])
        return dictionaries.count - 1
    }
}
