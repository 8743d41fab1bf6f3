/// The classes of a data set: names and category ids in label order.
struct COCOClassList {
    let names: [String]
    let categoryIDs: [Int]
    /// Category id to label, for the classes asked for.
    let labels: [Int: Int32]
    /// All category ids of the file.
    let knownIDs: Set<Int>

    /// How many numbers between the lowest and the highest of some different ids are none of them; 0 where they are too
    /// far apart to be counted.
    static func gapCount(of ids: [Int]) -> Int {
        guard let low = ids.min(), let high = ids.max() else { return 0 }
        let (span, overflows) = high.subtractingReportingOverflow(low)
        return overflows ? 0 : max(0, span - (ids.count - 1))
    }

    /// - asked: names in label order; nil for all of the file's.
    /// - Throws: where a name is asked for twice or is not in the file.
    init(
        _ categories: [COCOAnnotations.Category], asked: [String]?, source: String,
        report: inout DatasetReport
    ) throws(DataError) {
        var idOfName: [String: Int] = [:]
        var known: Set<Int> = []
        var usable: [COCOAnnotations.Category] = []
        for category in categories {
            guard !known.contains(category.id), idOfName[category.name] == nil else {
                report.note(.duplicateCategory, "category \(category.id) '\(category.name)'")
                continue
            }
            known.insert(category.id)
            idOfName[category.name] = category.id
            usable.append(category)
        }
        let names = asked ?? usable.map(\.name)
        var ids: [Int] = []
        for name in names {
            guard let id = idOfName[name] else {
                let there = usable.prefix(8).map { "'\($0.name)'" }.joined(separator: ", ")
                throw DataError(
                    .usage, "\(source): class '\(name)' is not among its \(usable.count) categories",
                    hint: "they begin with \(there)")
            }
            guard !ids.contains(id) else {
                throw DataError(.usage, "\(source): class '\(name)' is asked for twice")
            }
            ids.append(id)
        }
        guard !ids.isEmpty else { throw DataError(.badInput, "\(source): no categories") }
        self.names = names
        categoryIDs = ids
        labels = Dictionary(uniqueKeysWithValues: ids.enumerated().map { ($1, Int32($0)) })
        knownIDs = known
    }
}
