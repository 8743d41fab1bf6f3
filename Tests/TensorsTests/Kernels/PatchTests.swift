import TestSupport
import Testing

@testable import Tensors

@Suite(.serialized) struct PatchTests {
    /// A map of two images of 2 x 2 pixels with two channels.
    private let map = Tensor((1...16).map { Float($0) }, shape: [2, 2, 2, 2])

    @Test func aPatchHoldsEachChannelsWindowAndZerosOutside() {
        let y = Tape(recording: false).gatherPatches(Variable(constant: map), [3], kernel: 3)
        #expect(y.shape == [1, 18])
        // Around the last pixel of the first image: 1 3 / 5 7 in channel 0, 2 4 / 6 8 in channel 1.
        #expect(y.tensor.values == [1, 3, 0, 5, 7, 0, 0, 0, 0, 2, 4, 0, 6, 8, 0, 0, 0, 0])
    }

    @Test func aPatchDoesNotReachTheNextImage() {
        let y = Tape(recording: false).gatherPatches(Variable(constant: map), [4], kernel: 3).tensor.values
        #expect(Array(y.prefix(9)) == [0, 0, 0, 0, 9, 11, 0, 13, 15])
    }

    @Test func gradientsAddUpWherePatchesOverlap() {
        let leaf = makeLeaf(map)
        let tape = Tape(recording: true)
        let y = tape.gatherPatches(tape.input(leaf), [0, 1, 1], kernel: 3)
        tape.backward(from: [(y, Tensor(repeating: 1, shape: y.shape))])
        #expect(leaf.finishedGradient.values == [3, 3, 3, 3, 3, 3, 3, 3, 0, 0, 0, 0, 0, 0, 0, 0])
    }

    @Test func bitsDoNotDependOnThreads() {
        let cells = (0..<300).map { Int32(truncatingIfNeeded: GoldenWeights.hash(3, $0) % 600) }
        func run() -> [[Float]] {
            let leaf = makeLeaf(numbers("patches.x", [2, 15, 20, 70]))
            let tape = Tape(recording: true)
            let y = tape.gatherPatches(tape.input(leaf), cells, kernel: 3)
            tape.backward(from: [(y, numbers("patches.dy", y.shape))])
            return [y.tensor.values, leaf.finishedGradient.values]
        }
        #expect(ThreadBudget.with(1, run) == ThreadBudget.with(2, run))
    }

    @Test func aScaledMapGivesItsFactorTheSumOfProducts() {
        let (leaf, factor) = (makeLeaf(Tensor([1, 2, -3], shape: [3])), makeLeaf(Tensor([2], shape: [])))
        let tape = Tape(recording: true)
        let y = tape.scaled(tape.input(leaf), by: factor)
        #expect(y.tensor.values == [2, 4, -6])
        tape.backward(from: [(y, Tensor([1, 10, 100], shape: [3]))])
        #expect(leaf.finishedGradient.values == [2, 20, 200] && factor.finishedGradient.values == [-279])
    }
}
