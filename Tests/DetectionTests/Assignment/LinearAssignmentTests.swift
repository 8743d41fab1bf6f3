import TestSupport
import Testing

@testable import Detection

@Suite struct LinearAssignmentTests {
    @Test func pairsAreScipysAlsoWhereCostsTie() throws {
        let golden = try GoldenTensors("assignment/assignment.safetensors")
        let shapes = try golden.integers("shapes")
        let (costs, columns) = (try golden.doubles("costs"), try golden.integers("columns"))
        var (cell, row) = (0, 0)
        for i in 0..<(shapes.count / 2) {
            let (rows, width) = (shapes[2 * i], shapes[2 * i + 1])
            let pairs = try LinearAssignment.solve(
                Array(costs[cell..<(cell + rows * width)]), rowCount: rows, columnCount: width)
            let expected = (0..<rows).filter { columns[row + $0] >= 0 }
            #expect(pairs.map(\.row) == expected, "case \(i), \(rows)x\(width)")
            #expect(pairs.map(\.column) == expected.map { columns[row + $0] }, "case \(i), \(rows)x\(width)")
            cell += rows * width
            row += rows
        }
        #expect(cell == costs.count && row == columns.count)
    }

    @Test func nothingIsPairedWithNothing() throws {
        #expect(try LinearAssignment.solve([], rowCount: 0, columnCount: 5).isEmpty)
        #expect(try LinearAssignment.solve([], rowCount: 5, columnCount: 0).isEmpty)
    }

    @Test(arguments: [Double.nan, .infinity, -.infinity]) func costsMustBeFinite(bad: Double) {
        let error = #expect(throws: AssignmentError.self) {
            _ = try LinearAssignment.solve([1, 2, 3, 4, 5, bad], rowCount: 3, columnCount: 2)
        }
        #expect(error?.description == "the cost of row 2, column 1 is \(bad)")
    }
}
