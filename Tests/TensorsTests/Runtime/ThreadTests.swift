import TestSupport
import Testing

@testable import Tensors

/// Our own kernels give the same bits for any number of threads: pieces do not depend on it.
@Suite(.serialized) struct ThreadTests {
    private func expectSameBits(_ body: () -> [[Float]], sourceLocation: SourceLocation = #_sourceLocation) {
        let one = ThreadBudget.with(1, body)
        let two = ThreadBudget.with(2, body)
        #expect(one.contains { !$0.isEmpty })
        #expect(one == two, sourceLocation: sourceLocation)
    }

    @Test func elementwiseKernels() {
        // Several pieces of 16384, and a ragged end.
        let (x, dy) = (numbers("threads.x", [50_001], scale: 8), numbers("threads.dy", [50_001]))
        expectSameBits {
            let leaf = makeLeaf(x)
            let tape = Tape(recording: true)
            let a = tape.input(leaf)
            let y = tape.relu(tape.add(tape.sigmoid(a), tape.relu(a, .relu6)))
            tape.backward(from: [(y, dy)])
            let sum = Float(Elementwise.sumOfSquares(y.tensor))
            return [y.tensor.values, leaf.finishedGradient.values, [sum]]
        }
    }

    @Test func rowKernels() {
        let x = numbers("threads.rows", [3000, 33])
        let index = (0..<4000).map { Int32(truncatingIfNeeded: GoldenWeights.hash(7, $0) % 3000) }
        expectSameBits {
            let leaf = makeLeaf(x)
            let tape = Tape(recording: true)
            let y = tape.normalizeRows(tape.gatherRows(tape.input(leaf), index))
            tape.backward(from: [(y, numbers("threads.rows.dy", [4000, 33]))])
            let sums = Tensor(zeros: [33])
            Elementwise.columnSums(y.tensor, into: sums, accumulate: false)
            return [y.tensor.values, leaf.finishedGradient.values, sums.values]
        }
    }

    @Test func mapKernels() {
        expectSameBits {
            let leaves = [
                makeLeaf(numbers("threads.map", [2, 40, 44, 24])), makeLeaf(numbers("threads.g", [24])),
                makeLeaf(numbers("threads.b", [24])),
            ]
            let tape = Tape(recording: true)
            let x = tape.input(leaves[0])
            let normalized = tape.batchNorm(
                x, weight: leaves[1], bias: leaves[2], statistics: nil, epsilon: 1e-5, activation: .relu,
                reduce: { _ in }
            ).y
            let pooled = tape.maxPool(normalized, kernel: 3, stride: 2, padding: 1)
            let scaled = tape.scaleShift(
                pooled, scale: leaves[1].value, shift: leaves[2].value, activation: .relu6)
            let y = tape.upsampleAdd(x, scaled)
            tape.backward(from: [(y, numbers("threads.map.dy", y.shape))])
            return [y.tensor.values] + leaves.map(\.finishedGradient.values)
        }
    }

    @Test func regionKernels() {
        let boxes = numbers("threads.boxes", [200, 2], scale: 80, shift: 80)
        let corners = (0..<200).flatMap { r -> [Float] in
            let (x, y) = (boxes.floats[2 * r], boxes.floats[2 * r + 1])
            return [x - 30, y - 20, x + 30, y + 20]
        }
        let regions = RoIAlign.Regions(
            boxes: Tensor(corners, shape: [200, 4]), images: (0..<200).map { Int32($0 % 2) },
            levels: (0..<200).map { Int32($0 % 3 == 0 ? 1 : 0) })
        expectSameBits {
            let leaves = [
                makeLeaf(numbers("threads.fine", [2, 40, 40, 72])),
                makeLeaf(numbers("threads.coarse", [2, 20, 20, 72])),
            ]
            let tape = Tape(recording: true)
            let y = tape.roiAlign(
                leaves.map { tape.input($0) }, strides: [4, 8], regions,
                RoIAlign(bins: 7, sampleCount: 0, isAligned: true))
            tape.backward(from: [(y, numbers("threads.region.dy", y.shape))])
            return [y.tensor.values] + leaves.map(\.finishedGradient.values)
        }
    }
}
