/// The ids of a data set in ascending order, and the position of each in that order.
struct IDIndex: Sendable {
    let ids: [Int]
    /// Position by `id - ids[0]`, -1 for ids that do not exist; empty where ids are spread too thinly for a
    /// table.
    private let table: [Int32]

    /// - Parameter ids: in any order, repetitions allowed.
    init(_ ids: some Sequence<Int>) {
        var sorted = ids.sorted()
        var kept = 0
        for id in sorted where kept == 0 || sorted[kept - 1] != id {
            sorted[kept] = id
            kept += 1
        }
        sorted.removeSubrange(kept...)
        self.ids = sorted
        guard let low = sorted.first, let high = sorted.last else {
            table = []
            return
        }
        // 256 entries for each id, a kilobyte, are cheaper than a search; COCO has one image in 116 numbers.
        let (span, overflow) = high.subtractingReportingOverflow(low)
        guard !overflow, span < 256 * sorted.count else {
            table = []
            return
        }
        var table = [Int32](repeating: -1, count: span + 1)
        for (position, id) in sorted.enumerated() { table[id - low] = Int32(position) }
        self.table = table
    }

    var count: Int { ids.count }

    func position(of id: Int) -> Int? {
        guard let low = ids.first, let high = ids.last, id >= low, id <= high else { return nil }
        if !table.isEmpty {
            let position = table[id - low]
            return position < 0 ? nil : Int(position)
        }
        var (start, end) = (0, ids.count)
        while start < end {
            let middle = (start + end) / 2
            if ids[middle] < id { start = middle + 1 } else { end = middle }
        }
        return start < ids.count && ids[start] == id ? start : nil
    }
}
