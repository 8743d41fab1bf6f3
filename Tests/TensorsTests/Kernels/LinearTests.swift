import TestSupport
import Testing

@testable import Tensors

@Suite(.serialized) struct LinearTests {
    @Test(arguments: ["linear", "linear_wide", "linear_nobias", "linear_one_row"], [KernelSet.fast, .plain])
    func valuesAndGradientsMatchPyTorch(name: String, kernels: KernelSet) throws {
        try kernels.run {
            let golden = try GoldenCase("linear", name)
            let (input, weight) = (try golden.leaf("input"), try golden.leaf("weight"))
            let bias = try golden.optionalLeaf("bias")
            let tape = Tape(recording: true)
            let output = tape.linear(tape.input(input), weight: weight, bias: bias)
            try golden.check(output, tape, gradients: [("input", input), ("weight", weight), ("bias", bias)])
        }
    }

    @Test func fusedReLUEqualsOneAfterwards() {
        let upstream = numbers("linear.dy", [9, 6])
        func run(fused: Bool) -> [[Float]] {
            let leaves = [
                makeLeaf(numbers("linear.x", [9, 5])), makeLeaf(numbers("linear.w", [6, 5])),
                makeLeaf(numbers("linear.b", [6])),
            ]
            let tape = Tape(recording: true)
            let y = tape.linear(
                tape.input(leaves[0]), weight: leaves[1], bias: leaves[2], activation: fused ? .relu : .none)
            let out = fused ? y : tape.relu(y)
            tape.backward(from: [(out, upstream)])
            return [out.tensor.values] + leaves.map(\.finishedGradient.values)
        }
        let (fused, separate) = (run(fused: true), run(fused: false))
        #expect(fused[0].contains(0))
        for (a, b) in zip(fused, separate) { expectClose(a, b, relative: Tolerance.operation) }
    }

    @Test(arguments: [KernelSet.fast, .plain])
    func noRowsGiveZeroGradients(kernels: KernelSet) {
        kernels.run {
            let (input, weight) = (makeLeaf(Tensor(zeros: [0, 5])), makeLeaf(numbers("linear.w", [6, 5])))
            let bias = makeLeaf(numbers("linear.b", [6]))
            let tape = Tape(recording: true)
            let y = tape.linear(tape.input(input), weight: weight, bias: bias, activation: .relu)
            #expect(y.shape == [0, 6])
            tape.backward(from: [(y, Tensor(zeros: [0, 6]))])
            #expect(input.finishedGradient.shape == [0, 5])
            #expect(weight.finishedGradient.values.allSatisfy { $0 == 0 })
            #expect(bias.finishedGradient.values.allSatisfy { $0 == 0 })
        }
    }

    /// Group 1 of 4 has no row: its weights must get zeros, not what was in memory.
    @Test(arguments: [KernelSet.fast, .plain])
    func groupedLinearEqualsTheDenseLayerReadAtEachRowsGroup(kernels: KernelSet) {
        kernels.run {
            let (groups, outputs, inputs) = (4, 3, 5)
            let group: [Int32] = [2, 0, 3, 3, 0, 2, 2, 0]
            let rows = group.count
            let leaves = [
                makeLeaf(numbers("grouped.x", [rows, inputs])), makeLeaf(numbers("grouped.w", [12, inputs])),
                makeLeaf(numbers("grouped.b", [12])),
            ]
            let upstream = numbers("grouped.dy", [rows, outputs])
            let tape = Tape(recording: true)
            let y = tape.groupedLinear(
                tape.input(leaves[0]), weight: leaves[1], bias: leaves[2], group: group, groupCount: groups)
            tape.backward(from: [(y, upstream)])

            let (x, w, b) = (leaves[0].value.values, leaves[1].value.values, leaves[2].value.values)
            var expected = [Double](repeating: 0, count: rows * outputs)
            var gradients = leaves.map { [Double](repeating: 0, count: $0.value.count) }
            for r in 0..<rows {
                for o in 0..<outputs {
                    let slot = Int(group[r]) * outputs + o
                    let dy = Double(upstream.values[r * outputs + o])
                    expected[r * outputs + o] = Double(b[slot])
                    gradients[2][slot] += dy
                    for i in 0..<inputs {
                        let (a, v) = (Double(x[r * inputs + i]), Double(w[slot * inputs + i]))
                        expected[r * outputs + o] += a * v
                        gradients[0][r * inputs + i] += dy * v
                        gradients[1][slot * inputs + i] += dy * a
                    }
                }
            }
            expectClose(y.tensor.values.map { Double($0) }, expected, relative: Tolerance.operation)
            for (leaf, truth) in zip(leaves, gradients) {
                expectClose(
                    leaf.finishedGradient.values.map { Double($0) }, truth, relative: Tolerance.operation)
            }
        }
    }

    @Test func groupedLinearOfNoRowsGivesZeroGradients() {
        let (input, weight) = (makeLeaf(Tensor(zeros: [0, 5])), makeLeaf(numbers("grouped.w", [12, 5])))
        let bias = makeLeaf(numbers("grouped.b", [12]))
        let tape = Tape(recording: true)
        let y = tape.groupedLinear(tape.input(input), weight: weight, bias: bias, group: [], groupCount: 4)
        #expect(y.shape == [0, 3])
        tape.backward(from: [(y, Tensor(zeros: [0, 3]))])
        #expect(weight.finishedGradient.values.allSatisfy { $0 == 0 })
        #expect(bias.finishedGradient.values.allSatisfy { $0 == 0 })
    }

    @Test(arguments: [KernelSet.fast, .plain])
    func productsTransposeScaleAndAdd(kernels: KernelSet) {
        kernels.run {
            // [2, 3] and [3, 2], written out; the transposed ones hold the same matrices.
            let (a, b) = (
                Tensor([1, 2, 3, 4, 5, 6], shape: [2, 3]), Tensor([7, 8, 9, 10, 11, 12], shape: [3, 2])
            )
            let (at, bt) = (
                Tensor([1, 4, 2, 5, 3, 6], shape: [3, 2]), Tensor([7, 9, 11, 8, 10, 12], shape: [2, 3])
            )
            let product: [Float] = [58, 64, 139, 154]
            #expect(MatMul.product(a, b).values == product)
            #expect(MatMul.product(at, b, transposeA: true).values == product)
            #expect(MatMul.product(a, bt, transposeB: true).values == product)
            #expect(MatMul.product(at, bt, transposeA: true, transposeB: true).values == product)
            let c = Tensor([1, 1, 1, 1], shape: [2, 2])
            MatMul.product(a, b, alpha: 0.5, beta: 2, into: c)
            #expect(c.values == [31, 34, 71.5, 79])
        }
    }

    @Test func anEmptyProductForgetsWhatWasThere() {
        let c = Tensor(repeating: .nan, shape: [2, 2])
        MatMul.product(Tensor(zeros: [2, 0]), Tensor(zeros: [0, 2]), beta: 0, into: c)
        #expect(c.values == [0, 0, 0, 0])
    }

    @Test func innerSizesThatDifferTrap() async {
        await #expect(processExitsWith: .failure) {
            _ = MatMul.product(Tensor(zeros: [2, 3]), Tensor(zeros: [2, 3]))
        }
    }
}
