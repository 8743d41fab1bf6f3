import Randomness
import TestSupport
import Testing

@testable import Tensors

@Suite(.serialized) struct TransformerTests {
    @Test(arguments: ["layer_norm", "layer_norm_wide"])
    func layerNormMatchesPyTorch(name: String) throws {
        let golden = try GoldenCase("transformer", name)
        let (input, weight) = (try golden.leaf("input"), try golden.leaf("weight"))
        let bias = try golden.leaf("bias")
        let tape = Tape(recording: true)
        let output = tape.layerNorm(tape.input(input), weight: weight, bias: bias)
        try golden.check(output, tape, gradients: [("input", input), ("weight", weight), ("bias", bias)])
    }

    /// A large mean beside a small spread: a variance from the sum of squares would be lost.
    @Test func layerNormKeepsSmallDifferencesOfLargeNumbers() {
        let x = numbers("norm.far", [4, 64], scale: 1, shift: 1000)
        let (weight, bias) = (Leaf(Tensor(repeating: 1, shape: [64])), Leaf(Tensor(zeros: [64])))
        let y = Tape(recording: false).layerNorm(Variable(constant: x), weight: weight, bias: bias)
        for r in 0..<4 {
            let row = x.prefix(r..<(r + 1)).values.map { Double($0) }
            let mean = row.reduce(0, +) / 64
            let variance = row.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / 64
            expectClose(
                y.tensor.prefix(r..<(r + 1)).values.map { Double($0) },
                row.map { ($0 - mean) / (variance + 1e-5).squareRoot() }, relative: 1e-4)
        }
    }

    @Test(arguments: ["softmax", "softmax_wide", "softmax_one"])
    func softmaxMatchesPyTorch(name: String) throws {
        let golden = try GoldenCase("transformer", name)
        let input = try golden.leaf("input")
        let tape = Tape(recording: true)
        let output = tape.softmax(tape.input(input))
        try golden.check(output, tape, gradients: [("input", input)])
    }

    @Test func softmaxDoesNotHideANaN() {
        let y = Tape(recording: false).softmax(
            Variable(constant: Tensor([1, .nan, 2, 1, 2, 3], shape: [2, 3])))
        #expect(
            y.tensor.values[0..<3].allSatisfy { $0.isNaN } && y.tensor.values[3...].allSatisfy { $0.isFinite }
        )
    }

    @Test(arguments: ["gelu", "gelu_far"]) func geluMatchesPyTorch(name: String) throws {
        let golden = try GoldenCase("transformer", name)
        let input = try golden.leaf("input")
        let tape = Tape(recording: true)
        let output = tape.gelu(tape.input(input))
        try golden.check(output, tape, gradients: [("input", input)])
    }

    @Test(
        arguments: [
            "attention", "attention_plain", "attention_blocks", "attention_windows", "attention_many_windows",
        ], [KernelSet.fast, .plain])
    func attentionMatchesPyTorch(name: String, kernels: KernelSet) throws {
        try kernels.run {
            let golden = try GoldenCase("transformer", name)
            let (query, key) = (try golden.leaf("query"), try golden.leaf("key"))
            let (value, bias) = (try golden.leaf("value"), try golden.optionalLeaf("bias"))
            let tape = Tape(recording: true)
            let output = tape.attention(
                query: tape.input(query), key: tape.input(key), value: tape.input(value),
                headCount: try golden.file.note(name, as: [String: Int].self)["heads"] ?? 0,
                keyPadding: golden.file.contains("\(name).padding")
                    ? try golden.file.integers("\(name).padding").map { $0 != 0 } : nil,
                mask: golden.file.contains("\(name).mask") ? try golden.tensor("mask") : nil,
                bias: bias.map { tape.input($0) })
            try golden.check(
                output, tape, gradients: [("query", query), ("key", key), ("value", value), ("bias", bias)])
        }
    }

    /// Everything that is summed over rows or items, from pieces that threads share.
    @Test func resultsDoNotDependOnTheNumberOfThreads() {
        func run(_ threads: Int) -> [[Float]] {
            ThreadBudget.with(threads) {
                let leaves = ["q", "k", "v"].map { makeLeaf(numbers("threads.\($0)", [5, 140, 32])) }
                let bias = makeLeaf(numbers("threads.bias", [4, 140, 140]))
                let (gamma, beta) = (
                    makeLeaf(numbers("threads.g", [32])), makeLeaf(numbers("threads.b", [32]))
                )
                let tape = Tape(recording: true)
                let y = tape.attention(
                    query: tape.input(leaves[0]), key: tape.input(leaves[1]), value: tape.input(leaves[2]),
                    headCount: 4, bias: tape.input(bias),
                    dropout: DropoutMask(rate: 0.2, RandomSource(seed: 3, purpose: .dropout)))
                let out = tape.layerNorm(y, weight: gamma, bias: beta)
                tape.backward(from: [(out, numbers("threads.dy", out.shape))])
                return [out.tensor.values] + (leaves + [bias, gamma, beta]).map(\.finishedGradient.values)
            }
        }
        #expect(run(1) == run(2))
        #expect(run(1) == run(3))
    }

    @Test func aQueryWithoutKeysGivesZerosAndNoGradient() {
        let leaves = ["q", "k", "v"].map { makeLeaf(numbers("empty.\($0)", [2, 3, 4])) }
        let tape = Tape(recording: true)
        let y = tape.attention(
            query: tape.input(leaves[0]), key: tape.input(leaves[1]), value: tape.input(leaves[2]),
            headCount: 2,
            keyPadding: [false, false, false, true, true, true])
        #expect(y.tensor.values[12...].allSatisfy { $0 == 0 })
        tape.backward(from: [(y, numbers("empty.dy", y.shape))])
        for leaf in leaves {
            #expect(leaf.finishedGradient.values[12...].allSatisfy { $0 == 0 })
            #expect(leaf.finishedGradient.values.allSatisfy { $0.isFinite })
        }
    }

    @Test func noTokensGiveNone() {
        let leaf = makeLeaf(Tensor(zeros: [0, 3, 4]))
        let tape = Tape(recording: true)
        let x = tape.input(leaf)
        let y = tape.attention(query: x, key: x, value: x, headCount: 2)
        #expect(y.shape == [0, 3, 4])
        tape.backward(from: [(y, Tensor(zeros: [0, 3, 4]))])
        #expect(leaf.finishedGradient.count == 0)
    }

    @Test func attentionFreesWhatItTook() {
        let x = numbers("leak.x", [2, 9, 8])
        expectNoLeaks {
            let leaf = makeLeaf(x)
            let tape = Tape(recording: true)
            let input = tape.input(leaf)
            let y = tape.attention(query: input, key: input, value: input, headCount: 2)
            tape.backward(from: [(y, x)])
        }
    }

    @Test func partsOfAStackedLayerEqualTheWhole() {
        let upstream = numbers("part.dy", [6, 9])
        func run(_ parts: [Range<Int>]) -> [[Float]] {
            let leaves = [
                makeLeaf(numbers("part.x", [6, 5])), makeLeaf(numbers("part.w", [9, 5])),
                makeLeaf(numbers("part.b", [9])),
            ]
            let tape = Tape(recording: true)
            let x = tape.input(leaves[0])
            let outputs = parts.map { tape.linear(x, weight: leaves[1], bias: leaves[2], part: $0) }
            let columns = parts.map { part in
                Tensor(
                    (0..<6).flatMap { r in part.map { upstream.values[r * 9 + $0] } }, shape: [6, part.count])
            }
            tape.backward(from: zip(outputs, columns).map { ($0, $1) })
            var joined = [Float](repeating: 0, count: 54)
            for (part, output) in zip(parts, outputs) {
                for r in 0..<6 {
                    for (i, c) in part.enumerated() {
                        joined[r * 9 + c] = output.tensor.values[r * part.count + i]
                    }
                }
            }
            return [joined] + leaves.map(\.finishedGradient.values)
        }
        for (a, b) in zip(run([0..<3, 3..<7, 7..<9]), run([0..<9])) {
            expectClose(a, b, relative: Tolerance.operation)
        }
        // A part alone leaves zeros beside it.
        #expect(
            run([3..<7])[2][0..<15].allSatisfy { $0 == 0 } && run([3..<7])[3][7...].allSatisfy { $0 == 0 })
    }

    @Test func aRepeatedParameterCollectsItsGradients() {
        let leaf = makeLeaf(numbers("repeat.p", [2, 3]))
        let tape = Tape(recording: true)
        let y = tape.parameter(leaf, repeated: 4)
        #expect(y.shape == [4, 2, 3] && Array(y.tensor.values[18...]) == leaf.value.values)
        tape.backward(from: [(y, Tensor((0..<24).map { Float($0) }, shape: [4, 2, 3]))])
        #expect(leaf.finishedGradient.values == (0..<6).map { Float(4 * $0 + 36) })
    }

    @Test func headsThatDoNotDivideTheWidthTrap() async {
        await #expect(processExitsWith: .failure) {
            let x = Variable(constant: Tensor(zeros: [1, 2, 5]))
            _ = Tape(recording: false).attention(query: x, key: x, value: x, headCount: 2)
        }
    }
}
