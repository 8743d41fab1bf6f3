import TestSupport
import Testing

@testable import Tensors

@Suite struct WindowTests {
    /// Sizes with whole windows, padded ones and less than one window.
    private static let grids = [
        WindowGrid(height: 6, width: 9, window: 3, shift: 0),
        WindowGrid(height: 6, width: 9, window: 3, shift: 1),
        WindowGrid(height: 7, width: 5, window: 3, shift: 1),
        WindowGrid(height: 2, width: 3, window: 4, shift: 2),
        WindowGrid(height: 1, width: 1, window: 7, shift: 3),
    ]

    /// The pixel that a window's token is, or nil where it is padding.
    private func pixel(_ grid: WindowGrid, window: Int, token: Int) -> (row: Int, column: Int)? {
        let high = (grid.height + grid.window - 1) / grid.window * grid.window
        let wide = (grid.width + grid.window - 1) / grid.window * grid.window
        let across = wide / grid.window
        let row = (window / across * grid.window + token / grid.window + grid.shift) % high
        let column = (window % across * grid.window + token % grid.window + grid.shift) % wide
        return row < grid.height && column < grid.width ? (row, column) : nil
    }

    @Test(arguments: grids) func everyPixelGoesToItsWindowAndBack(grid: WindowGrid) {
        let x = makeLeaf(numbers("windows.x", [2, grid.height, grid.width, 5]))
        let tape = Tape(recording: true)
        let y = tape.windows(tape.input(x), grid)
        #expect(y.shape == [2 * grid.windowCount, grid.tokenCount, 5])
        for image in 0..<2 {
            for window in 0..<grid.windowCount {
                for token in 0..<grid.tokenCount {
                    let place = ((image * grid.windowCount + window) * grid.tokenCount + token) * 5
                    let found = (0..<5).map { y.tensor.floats[place + $0] }
                    let at = pixel(grid, window: window, token: token)
                    let source = at.map { ((image * grid.height + $0.row) * grid.width + $0.column) * 5 }
                    let wanted = (0..<5).map { c in source.map { x.value.floats[$0 + c] } ?? 0 }
                    #expect(found == wanted, "window \(window), token \(token)")
                }
            }
        }
        let back = tape.merged(y, grid)
        #expect(back.tensor.values == x.value.values)
        // Cutting and joining move numbers, so their gradients are moved back.
        let upstream = numbers("windows.dy", back.shape)
        tape.backward(from: [(back, upstream)])
        #expect(x.finishedGradient.values == upstream.values)
    }

    /// The nine regions of a map as the authors cut it.
    @Test(arguments: grids) func masksKeepApartWhatTheShiftBroughtTogether(grid: WindowGrid) throws {
        guard grid.shift > 0 else {
            #expect(grid.mask == nil)
            return
        }
        let mask = try #require(grid.mask)
        #expect(mask.shape == [grid.windowCount, grid.tokenCount, grid.tokenCount])
        let high = (grid.height + grid.window - 1) / grid.window * grid.window
        let wide = (grid.width + grid.window - 1) / grid.window * grid.window
        func label(_ window: Int, _ token: Int) -> [Int] {
            let across = wide / grid.window
            let row = window / across * grid.window + token / grid.window
            let column = window % across * grid.window + token % grid.window
            return [(row, high), (column, wide)].map { at, side in
                (0..<(side - grid.window)).contains(at) ? 0 : (0..<(side - grid.shift)).contains(at) ? 1 : 2
            }
        }
        for window in 0..<grid.windowCount {
            for query in 0..<grid.tokenCount {
                for key in 0..<grid.tokenCount {
                    let value = mask.floats[(window * grid.tokenCount + query) * grid.tokenCount + key]
                    #expect(value == (label(window, query) == label(window, key) ? 0 : -100))
                }
            }
        }
    }

    @Test func squaresAreJoinedInTheirOrder() {
        let x = makeLeaf(Tensor((0..<30).map { Float($0) }, shape: [1, 3, 5, 2]))
        let tape = Tape(recording: true)
        let y = tape.joinedSquares(tape.input(x))
        #expect(y.shape == [1, 2, 3, 8])
        #expect(y.tensor.values[0..<8] == [0, 1, 10, 11, 2, 3, 12, 13])
        // The last square has one pixel.
        #expect(y.tensor.values[40..<48] == [28, 29, 0, 0, 0, 0, 0, 0])
        tape.backward(from: [(y, y.tensor)])
        #expect(x.finishedGradient.values == x.value.values)
    }

    @Test func branchesAreAddedItemByItem() {
        let (x, branch) = (
            makeLeaf(numbers("add.x", [3, 2, 4])), makeLeaf(numbers("add.branch", [3, 2, 4]))
        )
        let tape = Tape(recording: true)
        let factors: [Float] = [0, 1.25, -2]
        let y = tape.add(tape.input(x), tape.input(branch), factors: factors)
        let upstream = numbers("add.dy", [3, 2, 4])
        for i in 0..<24 {
            #expect(
                abs(y.tensor.floats[i] - (x.value.floats[i] + factors[i / 8] * branch.value.floats[i])) < 1e-6
            )
        }
        tape.backward(from: [(y, upstream)])
        #expect(x.finishedGradient.values == upstream.values)
        expectClose(
            branch.finishedGradient.values, upstream.values.enumerated().map { factors[$0 / 8] * $1 },
            relative: 1e-6)
    }

    @Test func biasesAreReadByRelativePosition() {
        let rows = WindowGrid.relativeRows(window: 2)
        // Three by three differences; the four places' own is the middle one.
        #expect(rows == [4, 3, 1, 0, 5, 4, 2, 1, 7, 6, 4, 3, 8, 7, 5, 4])
        let table = makeLeaf(numbers("bias.table", [9, 2]))
        let tape = Tape(recording: true)
        let y = tape.relativeBias(table, rows: rows)
        #expect(y.shape == [2, 4, 4])
        for (pair, row) in rows.enumerated() {
            for head in 0..<2 {
                #expect(y.tensor.floats[head * 16 + pair] == table.value.floats[Int(row) * 2 + head])
            }
        }
        let upstream = numbers("bias.dy", [2, 4, 4])
        tape.backward(from: [(y, upstream)])
        var sums = [Float](repeating: 0, count: 18)
        for (pair, row) in rows.enumerated() {
            for head in 0..<2 { sums[Int(row) * 2 + head] += upstream.floats[head * 16 + pair] }
        }
        expectClose(table.finishedGradient.values, sums, relative: 1e-6)
    }

    /// One tensor of queries, keys and values gives what three do.
    @Test func packedAttentionEqualsTheOther() {
        let (n, tokens, width, heads) = (6, 9, 8, 2)
        let packed = makeLeaf(numbers("packed.x", [n, tokens, 3 * width]))
        let mask = numbers("packed.mask", [3, tokens, tokens])
        let upstream = numbers("packed.dy", [n, tokens, width])
        func part(_ tensor: Tensor, _ which: Int) -> Tensor {
            let rows = (0..<(n * tokens)).flatMap { row in
                (0..<width).map { tensor.floats[row * 3 * width + which * width + $0] }
            }
            return Tensor(rows, shape: [n, tokens, width])
        }
        let parts = (0..<3).map { makeLeaf(part(packed.value, $0)) }
        let biases = (0..<2).map { _ in makeLeaf(numbers("packed.bias", [heads, tokens, tokens])) }
        let tape = Tape(recording: true)
        let one = tape.attention(
            packed: tape.input(packed), headCount: heads, mask: mask, bias: tape.input(biases[0]))
        let other = tape.attention(
            query: tape.input(parts[0]), key: tape.input(parts[1]), value: tape.input(parts[2]),
            headCount: heads,
            mask: mask, bias: tape.input(biases[1]))
        #expect(one.tensor.values == other.tensor.values)
        tape.backward(from: [(one, upstream), (other, upstream)])
        for i in 0..<3 {
            #expect(part(packed.finishedGradient, i).values == parts[i].finishedGradient.values)
        }
        #expect(biases[0].finishedGradient.values == biases[1].finishedGradient.values)
    }
}
