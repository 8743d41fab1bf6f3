/// Why rows and columns could not be paired.
package struct AssignmentError: Error, Equatable, CustomStringConvertible {
    package let description: String
}

/// Pairs the rows and columns of a matrix of costs, each used once at most, so that the costs add up to the
/// least.
///
/// Rows enter one by one, each by the cheapest alternating path to a free column; u and v are the rows' and
/// columns' prices. Where several pairings cost the same, the order of the search decides, and it is scipy's,
/// so the pairs are those of `scipy.optimize.linear_sum_assignment`.
/// - Source: Crouse 2016, "On implementing 2D rectangular assignment algorithms", algorithm of Jonker and
///   Volgenant.
package struct LinearAssignment {
    private let rowCount: Int
    private let columnCount: Int
    private let costs: [Double]
    private var rowPrices: [Double]
    private var columnPrices: [Double]
    /// -1 where free.
    private var rowOfColumn: [Int]
    private var columnOfRow: [Int]
    /// On the way of the present search: the row before each column, and the cost of reaching it.
    private var previousRow: [Int]
    private var shortest: [Double]

    /// - costs: row by row, [rowCount, columnCount], all finite.
    /// - Returns: min(rowCount, columnCount) pairs by ascending row.
    package static func solve(
        _ costs: [Double], rowCount: Int, columnCount: Int
    ) throws(AssignmentError) -> [(row: Int, column: Int)] {
        precondition(
            costs.count == rowCount * columnCount, "\(costs.count) costs of \(rowCount)x\(columnCount)")
        if let bad = costs.firstIndex(where: { !$0.isFinite }) {
            throw AssignmentError(
                description:
                    "the cost of row \(bad / columnCount), column \(bad % columnCount) is \(costs[bad])")
        }
        guard rowCount > 0, columnCount > 0 else { return [] }
        if rowCount > columnCount {
            let turned = (0..<columnCount).flatMap { c in (0..<rowCount).map { costs[$0 * columnCount + c] } }
            var problem = LinearAssignment(turned, columnCount, rowCount)
            problem.run()
            return problem.columnOfRow.enumerated().map { ($1, $0) }.sorted { $0.0 < $1.0 }
        }
        var problem = LinearAssignment(costs, rowCount, columnCount)
        problem.run()
        return problem.columnOfRow.enumerated().map { ($0, $1) }
    }

    private init(_ costs: [Double], _ rowCount: Int, _ columnCount: Int) {
        (self.costs, self.rowCount, self.columnCount) = (costs, rowCount, columnCount)
        rowPrices = [Double](repeating: 0, count: rowCount)
        columnPrices = [Double](repeating: 0, count: columnCount)
        rowOfColumn = [Int](repeating: -1, count: columnCount)
        columnOfRow = [Int](repeating: -1, count: rowCount)
        previousRow = [Int](repeating: -1, count: columnCount)
        shortest = []
    }

    private mutating func run() { for row in 0..<rowCount { enter(row) } }

    private mutating func enter(_ newRow: Int) {
        shortest = [Double](repeating: .infinity, count: columnCount)
        // Columns not yet reached, from the last to the first; a reached one gives its place to the list's
        // end.
        var open = Array((0..<columnCount).reversed())
        var reachedRows = [newRow]
        var reachedColumns: [Int] = []
        var length = 0.0
        var row = newRow
        var freeColumn = -1
        while freeColumn < 0 {
            var (best, lowest) = (0, Double.infinity)
            for (place, column) in open.enumerated() {
                let reach = length + costs[row * columnCount + column] - rowPrices[row] - columnPrices[column]
                if reach < shortest[column] { (previousRow[column], shortest[column]) = (row, reach) }
                // Of equals a free column is better: the path may end there.
                if shortest[column] < lowest || (shortest[column] == lowest && rowOfColumn[column] < 0) {
                    (best, lowest) = (place, shortest[column])
                }
            }
            length = lowest
            let column = open[best]
            open[best] = open[open.count - 1]
            open.removeLast()
            reachedColumns.append(column)
            if rowOfColumn[column] < 0 {
                freeColumn = column
            } else {
                row = rowOfColumn[column]
                reachedRows.append(row)
            }
        }
        rowPrices[newRow] += length
        for row in reachedRows.dropFirst() { rowPrices[row] += length - shortest[columnOfRow[row]] }
        for column in reachedColumns { columnPrices[column] -= length - shortest[column] }
        flip(to: freeColumn, newRow)
    }

    /// Every column of the path goes to the row before it.
    private mutating func flip(to freeColumn: Int, _ newRow: Int) {
        var column = freeColumn
        while true {
            let row = previousRow[column]
            rowOfColumn[column] = row
            swap(&columnOfRow[row], &column)
            if row == newRow { return }
        }
    }
}
