import TestSupport
import Testing

@testable import Tensors

@Suite(.serialized) struct GroupNormTests {
    /// 32 groups of two channels, and of one.
    @Test(arguments: ["groupnorm", "groupnorm_one_channel"])
    func valuesAndGradientsMatchPyTorch(name: String) throws {
        let golden = try GoldenCase("normalization", name)
        let (input, weight) = (try golden.leaf("input"), try golden.leaf("weight"))
        let bias = try golden.leaf("bias")
        let tape = Tape(recording: true)
        let y = tape.groupNorm(tape.input(input), weight: weight, bias: bias, groupCount: 32, epsilon: 1e-5)
        try golden.check(y, tape, gradients: [("input", input), ("weight", weight), ("bias", bias)])
    }

    private func run(
        _ x: Tensor, channels: Int, groupCount: Int, fused: Activation, after: Activation = .none
    ) -> [[Float]] {
        let leaves = [
            makeLeaf(x), makeLeaf(numbers("group.w", [channels], shift: 4)),
            makeLeaf(numbers("group.b", [channels], shift: 1)),
        ]
        let tape = Tape(recording: true)
        let y = tape.groupNorm(
            tape.input(leaves[0]), weight: leaves[1], bias: leaves[2], groupCount: groupCount, epsilon: 1e-5,
            activation: fused)
        let out = tape.relu(y, after)
        tape.backward(from: [(out, numbers("group.dy", x.shape))])
        return [out.tensor.values] + leaves.map(\.finishedGradient.values)
    }

    @Test(arguments: [Activation.relu, .relu6]) func fusedActivationEqualsOneAfterTheNorm(
        activation: Activation
    ) {
        let x = numbers("group.x", [2, 3, 4, 6], scale: 3)
        let fused = run(x, channels: 6, groupCount: 3, fused: activation)
        let separate = run(x, channels: 6, groupCount: 3, fused: .none, after: activation)
        #expect(fused[0].contains(0))
        for (a, b) in zip(fused, separate) { expectClose(a, b, relative: Tolerance.operation) }
    }

    @Test func bitsDoNotDependOnThreads() {
        let x = numbers("group.threads", [2, 40, 44, 48], scale: 3, shift: 5)
        let one = ThreadBudget.with(1) { run(x, channels: 48, groupCount: 8, fused: .relu) }
        let two = ThreadBudget.with(2) { run(x, channels: 48, groupCount: 8, fused: .relu) }
        #expect(one == two)
    }

    @Test func oneImageDoesNotSeeAnother() {
        let both = numbers("group.images", [2, 5, 3, 8], scale: 2)
        let whole = run(both, channels: 8, groupCount: 2, fused: .none)[0]
        let first = run(both.prefix(0..<1).copied(), channels: 8, groupCount: 2, fused: .none)[0]
        #expect(Array(whole.prefix(first.count)) == first)
    }

    @Test func noImagesGiveZeroGradients() {
        let results = run(Tensor(zeros: [0, 2, 2, 4]), channels: 4, groupCount: 2, fused: .relu)
        #expect(results[0].isEmpty && results[2] == [0, 0, 0, 0] && results[3] == [0, 0, 0, 0])
    }

    @Test func channelsThatDoNotDivideTrap() async {
        await #expect(processExitsWith: .failure) {
            let leaf = Leaf(Tensor(zeros: [6]))
            _ = Tape(recording: false).groupNorm(
                Variable(constant: Tensor(zeros: [1, 2, 2, 6])), weight: leaf, bias: leaf, groupCount: 4,
                epsilon: 1e-5)
        }
    }
}
