/// An entry of a list in a COCO file, as messages call it.
struct Place {
    let noun: String
    let id: Int?
    let index: Int
    let offset: Int

    /// "annotation 17 (entry 3)", or "annotation entry 3" before its id is known.
    var text: String { id.map { "\(noun) \($0) (entry \(index))" } ?? "\(noun) entry \(index)" }
}

extension JSONScanner {
    /// The next value, an array, each element read by `element`, which is told its index.
    mutating func list<Element>(
        _ element: (inout JSONScanner, Int) throws(DataError) -> Element
    ) throws(DataError) -> [Element] {
        var elements: [Element] = []
        try beginArray()
        while try nextElement() { elements.append(try element(&self, elements.count)) }
        return elements
    }

    /// The next value, `[x, y, width, height]`.
    mutating func bbox() throws(DataError) -> (x: Double, y: Double, width: Double, height: Double) {
        let start = nextOffset()
        var numbers: (Double, Double, Double, Double) = (0, 0, 0, 0)
        var count = 0
        try beginArray()
        while try nextElement() {
            let number = try double()
            switch count {
            case 0: numbers.0 = number
            case 1: numbers.1 = number
            case 2: numbers.2 = number
            case 3: numbers.3 = number
            default: break
            }
            count += 1
        }
        guard count == 4 else {
            throw failure(
                "bbox has \(count) numbers, not 4", at: start, hint: "COCO boxes are x, y, width, height")
        }
        return (x: numbers.0, y: numbers.1, width: numbers.2, height: numbers.3)
    }

    /// The error for a table that the file lacks.
    func missing(_ key: String) -> DataError {
        DataError(
            .badInput, "\(name): has no '\(key)'", hint: "this does not look like a COCO annotation file")
    }

    /// The error for a key that an entry lacks.
    func missing(_ key: String, _ place: Place) -> DataError {
        failure("\(place.text) has no '\(key)'", at: place.offset)
    }
}
