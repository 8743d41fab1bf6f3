import Randomness
import TestSupport
import Testing

@testable import Tensors

@Suite(.serialized) struct DropoutTests {
    private func source(_ step: Int, _ sample: Int = 5) -> RandomSource {
        RandomSource(seed: 0x1234_5678_9abc_def0, epoch: step, sample: sample, purpose: .dropout)
    }

    /// Not a multiple of four, and longer than what the kernel makes at once.
    @Test func theMaskIsTheSourcesOwnNumbers() {
        let count = 1003
        let y = Tape(recording: false).dropout(
            Variable(constant: Tensor(repeating: 3, shape: [count])), DropoutMask(rate: 0.25, source(7)))
        var random = source(7)
        let expected = (0..<count).map { _ in random.bernoulli(0.25) ? Float(0) : 4 }
        #expect(y.tensor.values == expected)
        #expect(abs(expected.count { $0 == 0 } - 251) < 45)
    }

    @Test(arguments: [0, 1, 2, 3, 5, 127, 130]) func anyPartOfTheMaskCanBeMade(first: Int) {
        let mask = DropoutMask(rate: 0.5, source(1))
        let ones = Tensor(repeating: 1, shape: [400])
        let (whole, part) = (Tensor(uninitialized: [400]), Tensor(uninitialized: [200]))
        mask.apply(ones.floats, to: whole.floats, first: 0, count: 400)
        mask.apply(ones.floats, to: part.floats, first: first, count: 200)
        #expect(part.values == Array(whole.values[first..<(first + 200)]))
    }

    @Test func backwardDropsTheSameElements() {
        let leaf = makeLeaf(numbers("dropout.x", [9, 40], shift: 2))
        let tape = Tape(recording: true)
        let y = tape.dropout(tape.input(leaf), DropoutMask(rate: 0.3, source(2)))
        tape.backward(from: [(y, leaf.value)])
        expectClose(leaf.finishedGradient, y.tensor, relative: 1e-7)
        #expect(y.tensor.values.contains(0))
    }

    @Test func stepsAndPlacesDiffer() {
        func mask(_ step: Int, _ sample: Int) -> [Float] {
            Tape(recording: false).dropout(
                Variable(constant: Tensor(repeating: 1, shape: [64])),
                DropoutMask(rate: 0.5, source(step, sample))
            ).tensor.values
        }
        #expect(mask(1, 1) == mask(1, 1) && mask(1, 1) != mask(2, 1) && mask(1, 1) != mask(1, 2))
        let stream = DropoutStream(rate: 0.5) { source(1, $0) }
        _ = stream.next()
        let second = stream.next()
        let y = Tape(recording: false).dropout(Variable(constant: Tensor(repeating: 1, shape: [64])), second)
        #expect(y.tensor.values == mask(1, 1))
        #expect(DropoutStream(rate: 0) { source(1, $0) }.next() == nil)
    }

    /// The probabilities' dropout, worked out in full beside the operation.
    @Test func attentionDropsProbabilities() {
        let (items, queries, keys, heads, width) = (2, 130, 5, 2, 3)
        let q = numbers("drop.q", [items, queries, 6])
        let k = numbers("drop.k", [items, keys, 6])
        let v = numbers("drop.v", [items, keys, 6])
        let y = Tape(recording: false).attention(
            query: Variable(constant: q), key: Variable(constant: k), value: Variable(constant: v),
            headCount: heads, dropout: DropoutMask(rate: 0.4, source(4)))
        var random = source(4)
        var expected = [Float](repeating: 0, count: y.tensor.count)
        for n in 0..<items {
            for h in 0..<heads {
                for i in 0..<queries {
                    let scores = Tensor(
                        (0..<keys).map { j in
                            (0..<width).reduce(Float(0)) {
                                $0 + q.values[(n * queries + i) * 6 + h * width + $1]
                                    * k.values[(n * keys + j) * 6 + h * width + $1]
                            } / Float(width).squareRoot()
                        }, shape: [1, keys])
                    let p = Tape(recording: false).softmax(Variable(constant: scores)).tensor.values
                    for j in 0..<keys where !random.bernoulli(0.4) {
                        for c in 0..<width {
                            expected[(n * queries + i) * 6 + h * width + c] +=
                                p[j] / 0.6 * v.values[(n * keys + j) * 6 + h * width + c]
                        }
                    }
                }
            }
        }
        expectClose(y.tensor.values, expected, relative: Tolerance.operation)
    }

    @Test func attentionsGradientFitsItsDroppedOutput() {
        let start = numbers("fd.x", [1, 4, 6])
        let mask = DropoutMask(rate: 0.4, source(4))
        func run(_ tape: Tape, _ x: Variable) -> Variable {
            tape.attention(query: x, key: x, value: x, headCount: 2, dropout: mask)
        }
        let (leaf, upstream) = (makeLeaf(start), numbers("fd.dy", [1, 4, 6]))
        let tape = Tape(recording: true)
        tape.backward(from: [(run(tape, tape.input(leaf)), upstream)])
        expectGradient(
            leaf.finishedGradient.values,
            of: { point in
                let y = run(Tape(recording: false), Variable(constant: Tensor(point, shape: [1, 4, 6])))
                return zip(y.tensor.values, upstream.values).reduce(0) { $0 + Double($1.0) * Double($1.1) }
            }, at: start.values, step: 1e-2)
    }
}
