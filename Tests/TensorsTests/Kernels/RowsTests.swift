import TestSupport
import Testing

@testable import Tensors

@Suite struct RowsTests {
    @Test func gatheredRowsMayRepeatAndTheirGradientsAddUp() {
        let input = makeLeaf(Tensor([1, 2, 3, 4, 5, 6], shape: [3, 2]))
        let tape = Tape(recording: true)
        let y = tape.gatherRows(tape.input(input), [2, 0, 2])
        #expect(y.shape == [3, 2] && y.tensor.values == [5, 6, 1, 2, 5, 6])
        tape.backward(from: [(y, Tensor([1, 10, 2, 20, 4, 40], shape: [3, 2]))])
        #expect(input.finishedGradient.values == [2, 20, 0, 0, 5, 50])
    }

    @Test func aMapIsReadAsTheRowsOfItsPixels() {
        let map = numbers("rows.map", [2, 3, 4, 5])
        let y = Tape(recording: false).gatherRows(Variable(constant: map), [23, 7])
        #expect(y.tensor.values == Array(map.values[115..<120] + map.values[35..<40]))
    }

    @Test func gatheringNothingGivesNoRowsAndZeroGradients() {
        let input = makeLeaf(Tensor([1, 2, 3, 4], shape: [2, 2]))
        let tape = Tape(recording: true)
        let y = tape.gatherRows(tape.input(input), [])
        #expect(y.shape == [0, 2])
        tape.backward(from: [(y, Tensor(zeros: [0, 2]))])
        #expect(input.finishedGradient.values == [0, 0, 0, 0])
    }

    @Test func concatenatedRowsGiveEachPartItsGradient() {
        let leaves = [[1, 2], [], [3, 4, 5, 6]].map { makeLeaf(Tensor($0, shape: [$0.count / 2, 2])) }
        let tape = Tape(recording: true)
        let y = tape.concatenateRows(leaves.map { tape.input($0) })
        #expect(y.shape == [3, 2] && y.tensor.values == [1, 2, 3, 4, 5, 6])
        tape.backward(from: [(y, Tensor([9, 8, 7, 6, 5, 4], shape: [3, 2]))])
        #expect(leaves.map(\.finishedGradient.values) == [[9, 8], [], [7, 6, 5, 4]])
    }

    @Test func scatterAddsToWhatIsThere() {
        let target = Tensor([1, 1, 1, 1], shape: [2, 2])
        Elementwise.scatterAddRows(Tensor([1, 2, 3, 4], shape: [2, 2]), [1, 1], into: target)
        #expect(target.values == [1, 1, 5, 7])
    }

    @Test func aRowOutsideTheMatrixTraps() async {
        await #expect(processExitsWith: .failure) {
            _ = Elementwise.gatherRows(Tensor(zeros: [3, 2]), [3])
        }
    }
}
