import TestSupport
import Testing

@testable import Tensors

/// Compositions of operations against central differences: each part alone could be right and their sharing of
/// gradients wrong.
@Suite(.serialized) struct FiniteDifferenceTests {
    /// Checks d(Σ y · weights)/dx for one input of a computation.
    private func check(
        _ name: String, _ shape: [Int], step: Float = 1e-2, scale: Double = 1,
        _ body: (Tape, Variable) -> Variable,
        sourceLocation: SourceLocation = #_sourceLocation
    ) {
        let start = numbers(name, shape, scale: scale)
        let leaf = makeLeaf(start)
        let tape = Tape(recording: true)
        let y = body(tape, tape.input(leaf))
        let upstream = numbers(name + ".dy", y.shape)
        tape.backward(from: [(y, upstream)])
        expectGradient(
            leaf.finishedGradient.values,
            of: { point in
                let y = body(Tape(recording: false), Variable(constant: Tensor(point, shape: shape)))
                return zip(y.tensor.values, upstream.values).reduce(0) { $0 + Double($1.0) * Double($1.1) }
            },
            at: start.values, step: step, name, sourceLocation: sourceLocation)
    }

    private func leaf(_ name: String, _ shape: [Int], shift: Double = 0) -> Leaf {
        Leaf(numbers(name, shape, shift: shift))
    }

    @Test func residualBlock() {
        let (w1, w2) = (leaf("block.w1", [4, 4, 3, 3]), leaf("block.w2", [4, 4, 1, 1]))
        let (gamma, beta) = (leaf("block.g", [4], shift: 1), leaf("block.h", [4]))
        check("block", [1, 3, 3, 4], step: 2e-3) { tape, x in
            let a = tape.conv2d(x, weight: w1, geometry: ConvolutionGeometry(padding: 1))
            let b = tape.batchNorm(
                a, weight: gamma, bias: beta, statistics: nil, epsilon: 1e-5, activation: .relu,
                reduce: { _ in }
            ).y
            return tape.relu(tape.add(tape.conv2d(b, weight: w2, geometry: ConvolutionGeometry()), x))
        }
    }

    @Test func pyramidStep() {
        let weight = leaf("pyramid.w", [3, 3, 1, 1])
        check("pyramid", [1, 4, 6, 3]) { tape, x in
            let coarse = tape.conv2d(x, weight: weight, geometry: ConvolutionGeometry(stride: 2))
            return tape.maxPool(tape.upsampleAdd(x, coarse), kernel: 3, stride: 2, padding: 1)
        }
    }

    @Test func embeddingOfChosenRows() {
        let (w1, b1) = (leaf("embed.w1", [6, 5]), leaf("embed.b1", [6]))
        let (w2, b2) = (leaf("embed.w2", [8, 6]), leaf("embed.b2", [8]))
        check("embed", [1, 2, 3, 5]) { tape, x in
            let rows = tape.gatherRows(x, [5, 0, 0, 3])
            let hidden = tape.linear(rows, weight: w1, bias: b1, activation: .relu)
            let out = tape.groupedLinear(hidden, weight: w2, bias: b2, group: [1, 0, 1, 1], groupCount: 2)
            return tape.normalizeRows(tape.concatenateRows([out, tape.sigmoid(out)]))
        }
    }
}
