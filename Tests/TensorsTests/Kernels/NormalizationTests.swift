import TestSupport
import Testing

@testable import Tensors

@Suite struct NormalizationTests {
    @Test(arguments: ["batchnorm_train", "batchnorm_train_wide"])
    func batchNormMeasuresStatisticsAsPyTorch(name: String) throws {
        let golden = try GoldenCase("normalization", name)
        let (input, weight) = (try golden.leaf("input"), try golden.leaf("weight"))
        let bias = try golden.leaf("bias")
        let tape = Tape(recording: true)
        let result = tape.batchNorm(
            tape.input(input), weight: weight, bias: bias, statistics: nil, epsilon: 1e-5, reduce: { _ in })
        try golden.check(result.y, tape, gradients: [("input", input), ("weight", weight), ("bias", bias)])
        let (mean, variance) = (try golden.tensor("batch_mean"), try golden.tensor("batch_var"))
        expectClose(result.mean, mean.values.map { Double($0) }, relative: Tolerance.operation)
        expectClose(result.variance, variance.values.map { Double($0) }, relative: Tolerance.operation)
        #expect(result.rowCount == Double(input.value.rowCount))
    }

    @Test(arguments: ["batchnorm_eval", "batchnorm_eval_wide"])
    func batchNormWithGivenStatisticsMatchesPyTorch(name: String) throws {
        let golden = try GoldenCase("normalization", name)
        let (input, weight) = (try golden.leaf("input"), try golden.leaf("weight"))
        let bias = try golden.leaf("bias")
        let statistics = (try golden.tensor("running_mean").values, try golden.tensor("running_var").values)
        let tape = Tape(recording: true)
        let result = tape.batchNorm(
            tape.input(input), weight: weight, bias: bias, statistics: statistics, epsilon: 1e-5,
            reduce: { _ in })
        try golden.check(result.y, tape, gradients: [("input", input), ("weight", weight), ("bias", bias)])
    }

    /// The same map with constant scale and shift: a frozen norm.
    @Test(arguments: ["batchnorm_eval", "batchnorm_eval_wide"])
    func scaleShiftMatchesAFrozenNorm(name: String) throws {
        let golden = try GoldenCase("normalization", name)
        let input = try golden.leaf("input")
        let scale = Tensor(
            zip(try golden.tensor("weight").values, try golden.tensor("running_var").values).map {
                $0 / ($1 + 1e-5).squareRoot()
            }, shape: try golden.tensor("weight").shape)
        let (bias, mean) = (try golden.tensor("bias").values, try golden.tensor("running_mean").values)
        let shift = Tensor(bias.indices.map { bias[$0] - mean[$0] * scale.values[$0] }, shape: scale.shape)
        let tape = Tape(recording: true)
        let output = tape.scaleShift(tape.input(input), scale: scale, shift: shift)
        try golden.check(output, tape, gradients: [("input", input)])
    }

    @Test(arguments: [Activation.relu, .relu6], [true, false])
    func fusedActivationEqualsOneAfterTheNorm(activation: Activation, measures: Bool) {
        let x = numbers("norm.x", [2, 3, 4, 5], scale: 3)
        let upstream = numbers("norm.dy", [2, 3, 4, 5])
        func run(fused: Bool) -> [[Float]] {
            let leaves = [
                makeLeaf(x), makeLeaf(numbers("norm.w", [5], shift: 4)),
                makeLeaf(numbers("norm.b", [5], shift: 1)),
            ]
            let tape = Tape(recording: true)
            let statistics: (mean: [Float], variance: [Float])? =
                measures ? nil : ([0, 0.5, -0.5, 0.25, 0], [1, 2, 3, 4, 1])
            let y = tape.batchNorm(
                tape.input(leaves[0]), weight: leaves[1], bias: leaves[2], statistics: statistics,
                epsilon: 1e-5,
                activation: fused ? activation : .none, reduce: { _ in }
            ).y
            let out = fused ? y : tape.relu(y, activation)
            tape.backward(from: [(out, upstream)])
            return [out.tensor.values] + leaves.map(\.finishedGradient.values)
        }
        let (fused, separate) = (run(fused: true), run(fused: false))
        #expect(fused[0].contains(0) && fused[0].contains(6) == (activation == .relu6))
        for (a, b) in zip(fused, separate) { expectClose(a, b, relative: Tolerance.operation) }
    }

    @Test func fusedActivationOfScaleShiftEqualsOneAfterwards() {
        let (scale, shift) = (numbers("affine.s", [5], shift: 3), numbers("affine.t", [5], shift: 1))
        func run(fused: Bool) -> [[Float]] {
            let input = makeLeaf(numbers("affine.x", [7, 5], scale: 3))
            let tape = Tape(recording: true)
            let y = tape.scaleShift(
                tape.input(input), scale: scale, shift: shift, activation: fused ? .relu6 : .none)
            let out = fused ? y : tape.relu(y, .relu6)
            tape.backward(from: [(out, numbers("affine.dy", [7, 5]))])
            return [out.tensor.values, input.finishedGradient.values]
        }
        let (fused, separate) = (run(fused: true), run(fused: false))
        #expect(fused[0].contains(0) && fused[0].contains(6))
        for (a, b) in zip(fused, separate) { expectClose(a, b, relative: Tolerance.operation) }
    }

    /// Two ranks with one image each against one with both.
    @Test func statisticsAddedUpOverRanksEqualOneRankWithAllRows() throws {
        let golden = try GoldenCase("normalization", "batchnorm_train")
        let (whole, upstream) = (try golden.tensor("input"), try golden.tensor("grad_output"))
        struct Outcome {
            var sums: [[Double]] = []
            var y: [Float] = []
            var gradients: [[Float]] = []
        }
        /// - totals: what the k-th reduction answers; its own sums where absent.
        func run(image: Int, totals: [[Double]]) throws -> Outcome {
            var outcome = Outcome()
            let leaves = [
                makeLeaf(whole.prefix(image..<(image + 1)).copied()), try golden.leaf("weight"),
                try golden.leaf("bias"),
            ]
            let tape = Tape(recording: true)
            let result = tape.batchNorm(
                tape.input(leaves[0]), weight: leaves[1], bias: leaves[2], statistics: nil, epsilon: 1e-5
            ) { sums in
                outcome.sums.append(sums)
                if outcome.sums.count <= totals.count { sums = totals[outcome.sums.count - 1] }
            }
            tape.backward(from: [(result.y, upstream.prefix(image..<(image + 1)).copied())])
            outcome.y = result.y.tensor.values
            outcome.gradients = leaves.map(\.finishedGradient.values)
            return outcome
        }
        func total(_ outcomes: [Outcome], _ k: Int) -> [Double] {
            zip(outcomes[0].sums[k], outcomes[1].sums[k]).map(+)
        }
        let alone = try (0..<2).map { try run(image: $0, totals: []) }
        let forward = try (0..<2).map { try run(image: $0, totals: [total(alone, 0)]) }
        let both = try (0..<2).map { try run(image: $0, totals: [total(alone, 0), total(forward, 1)]) }
        expectClose(both[0].y + both[1].y, try golden.tensor("output").values, relative: Tolerance.operation)
        expectClose(
            both[0].gradients[0] + both[1].gradients[0], try golden.tensor("grad_input").values,
            relative: Tolerance.operation)
        for (i, what) in [(1, "grad_weight"), (2, "grad_bias")] {
            expectClose(
                zip(both[0].gradients[i], both[1].gradients[i]).map(+), try golden.tensor(what).values,
                relative: Tolerance.operation)
        }
    }

    @Test func normalizedRowsMatchPyTorch() throws {
        let golden = try GoldenCase("normalization", "l2_normalize")
        let input = try golden.leaf("input")
        let tape = Tape(recording: true)
        try golden.check(tape.normalizeRows(tape.input(input)), tape, gradients: [("input", input)])
    }

    @Test func aRowOfZerosStaysZero() {
        let y = Tape(recording: false).normalizeRows(
            Variable(constant: Tensor([0, 0, 3, 4], shape: [2, 2])))
        expectClose(y.tensor.values, [0, 0, 0.6, 0.8], relative: Tolerance.operation)
    }

    @Test func oneRowNormalizesToItsBias() {
        let (input, weight) = (makeLeaf(numbers("one.x", [1, 3])), makeLeaf(numbers("one.w", [3])))
        let bias = makeLeaf(numbers("one.b", [3]))
        let tape = Tape(recording: true)
        let result = tape.batchNorm(
            tape.input(input), weight: weight, bias: bias, statistics: nil, epsilon: 1e-5, reduce: { _ in })
        // The variance is a difference of equal numbers, so the output is the bias up to its rounding.
        expectClose(result.y.tensor.values, bias.value.values, relative: 1e-4)
        tape.backward(from: [(result.y, Tensor([1, 2, 3], shape: [1, 3]))])
        #expect(bias.finishedGradient.values == [1, 2, 3])
        #expect(input.finishedGradient.values.allSatisfy { abs($0) < 1e-3 })
    }

    @Test func noRowsGiveZeroGradients() {
        let (input, weight) = (makeLeaf(Tensor(zeros: [0, 3])), makeLeaf(numbers("one.w", [3])))
        let bias = makeLeaf(numbers("one.b", [3]))
        let tape = Tape(recording: true)
        let y = tape.batchNorm(
            tape.normalizeRows(tape.input(input)), weight: weight, bias: bias, statistics: nil, epsilon: 1e-5,
            reduce: { _ in }
        ).y
        tape.backward(from: [(y, Tensor(zeros: [0, 3]))])
        #expect(weight.finishedGradient.values == [0, 0, 0] && bias.finishedGradient.values == [0, 0, 0])
    }
}
