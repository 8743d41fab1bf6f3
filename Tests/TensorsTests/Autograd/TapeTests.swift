import TestSupport
import Testing

@testable import Tensors

@Suite(.serialized) struct TapeTests {
    private let x = Variable(constant: Tensor([1, 2, 3, 4], shape: [2, 2]))

    @Test(arguments: [KernelSet.fast, .plain])
    func aWeightUsedTwiceGetsTheSumOfItsGradients(kernels: KernelSet) {
        kernels.run {
            let x = numbers("twice.x", [1, 4, 4, 8])
            let geometry = ConvolutionGeometry(padding: 1)
            func gradients(uses: Int) -> [[Float]] {
                let (weight, bias) = (
                    makeLeaf(numbers("twice.w", [8, 8, 3, 3])), makeLeaf(numbers("twice.b", [8]))
                )
                let tape = Tape(recording: true)
                let seeds = (0..<uses).map { _ in
                    (
                        tape.conv2d(Variable(constant: x), weight: weight, bias: bias, geometry: geometry),
                        numbers("twice.dy", [1, 4, 4, 8])
                    )
                }
                tape.backward(from: seeds)
                return [weight.finishedGradient.values, bias.finishedGradient.values]
            }
            for (once, twice) in zip(gradients(uses: 1), gradients(uses: 2)) {
                expectClose(twice, once.map { 2 * $0 }, relative: Tolerance.operation)
            }
        }
    }

    @Test func aSecondPassAddsUnlessAccumulationBeginsAnew() {
        let weight = makeLeaf(Tensor([1, 1], shape: [1, 2]))
        func pass() {
            let tape = Tape(recording: true)
            let y = tape.linear(x, weight: weight, bias: nil)
            tape.backward(from: [(y, Tensor([1, 1], shape: [2, 1]))])
        }
        pass()
        #expect(weight.finishedGradient.values == [4, 6])
        pass()
        #expect(weight.finishedGradient.values == [8, 12])
        weight.beginAccumulation()
        pass()
        #expect(weight.finishedGradient.values == [4, 6])
    }

    @Test func anUnusedParameterGetsZeros() {
        let unused = makeLeaf(Tensor([1, 2, 3], shape: [3]))
        #expect(!unused.hasGradient)
        unused.finishAccumulation()
        #expect(unused.gradient?.values == [0, 0, 0])
    }

    @Test func aVariableReadTwiceGetsTheSumOfItsGradients() {
        let leaf = makeLeaf(Tensor([1, -2], shape: [2]))
        let tape = Tape(recording: true)
        let a = tape.input(leaf)
        // a + a, then plus a: gradients 3.
        let y = tape.add(tape.add(a, a), a)
        #expect(y.tensor.values == [3, -6])
        tape.backward(from: [(y, Tensor([1, 10], shape: [2]))])
        #expect(leaf.finishedGradient.values == [3, 30])
    }

    /// One gradient tensor goes to both branches of a sum: what one does with it must not reach the other.
    @Test func branchesOfASumDoNotOverwriteEachOthersGradients() {
        let (a, b) = (makeLeaf(Tensor([-1, 1], shape: [2])), makeLeaf(Tensor([5, 5], shape: [2])))
        let tape = Tape(recording: true)
        let (u, v) = (tape.relu(tape.input(a)), tape.sigmoid(tape.input(b)))
        tape.backward(from: [(tape.add(u, v), Tensor([1, 1], shape: [2]))])
        #expect(a.finishedGradient.values == [0, 1])
        // sigmoid(5) (1 - sigmoid(5))
        expectClose(b.finishedGradient.values, [0.006648056670790155, 0.006648056670790155], relative: 1e-4)
    }

    @Test func scalarsGetTheirSeedsTimesTheirOwnGradients() {
        let leaf = makeLeaf(Tensor([1, 2], shape: [2]))
        let tape = Tape(recording: true)
        let a = tape.input(leaf)
        let first = tape.scalar(3, gradients: [(a, Tensor([1, 2], shape: [2]))])
        let second = tape.scalar(4, gradients: [(a, Tensor([10, 10], shape: [2]))])
        #expect(first.tensor.scalar == 3 && first.shape == [])
        tape.backward([(first, 1), (second, 0.5)])
        #expect(leaf.finishedGradient.values == [6, 7])
    }

    @Test func reshapedVariablesShareOneGradient() {
        let leaf = makeLeaf(numbers("reshape.x", [1, 2, 2, 3]))
        let tape = Tape(recording: true)
        let a = tape.input(leaf)
        let y = tape.add(a.rows, a.reshaped([4, 3]))
        tape.backward(from: [(y, Tensor(repeating: 1, shape: [4, 3]))])
        #expect(leaf.finishedGradient.shape == [1, 2, 2, 3])
        #expect(leaf.finishedGradient.values == [Float](repeating: 2, count: 12))
    }

    @Test func nothingIsRecordedWithoutAReason() {
        let trained = makeLeaf(Tensor([1, 1], shape: [1, 2]))
        let frozen = Leaf(Tensor([1, 1], shape: [1, 2]))
        let (silent, tape) = (Tape(recording: false), Tape(recording: true))
        #expect(!silent.linear(x, weight: trained, bias: nil).needsGradient)
        #expect(!tape.linear(x, weight: frozen, bias: nil).needsGradient)
        let y = tape.linear(x, weight: trained, bias: nil)
        #expect(y.needsGradient && tape.relu(y).needsGradient && !tape.relu(y.detached).needsGradient)
    }

    @Test func aFrozenWeightLetsTheGradientThrough() {
        let (input, frozen) = (
            makeLeaf(Tensor([1, 2], shape: [1, 2])), Leaf(Tensor([3, 4], shape: [1, 2]))
        )
        let tape = Tape(recording: true)
        let y = tape.linear(tape.input(input), weight: frozen, bias: nil)
        tape.backward(from: [(y, Tensor([2], shape: [1, 1]))])
        #expect(input.finishedGradient.values == [6, 8])
        #expect(frozen.gradient == nil)
    }

    /// Communication starts from these reports: each parameter once, after its last use, whatever was used.
    @Test func parametersAreReportedOnceInReverseOrderAfterTheirLastUse() {
        let leaves = (0..<3).map { makeLeaf(numbers("ready.\($0)", [2, 2])) }
        let tape = Tape(recording: true)
        var reported: [Int] = []
        var finished: [Bool] = []
        tape.onGradientReady = { leaf in
            reported.append(leaves.firstIndex { $0 === leaf } ?? -1)
            finished.append(leaf.hasGradient)
        }
        // Leaf 0 first and last, leaf 2 in a branch that no loss reads.
        let y = tape.linear(tape.linear(x, weight: leaves[0], bias: nil), weight: leaves[1], bias: nil)
        let z = tape.linear(y, weight: leaves[0], bias: nil)
        _ = tape.linear(x, weight: leaves[2], bias: nil)
        tape.backward(from: [(z, Tensor(repeating: 1, shape: [2, 2]))])
        #expect(reported == [2, 1, 0])
        #expect(finished == [false, true, true])
    }

    @Test(arguments: [KernelSet.fast, .plain])
    func aForwardAndBackwardPassLeavesNoMemoryBehind(kernels: KernelSet) {
        kernels.run {
            let (weight, bias) = (
                makeLeaf(numbers("leak.w", [8, 8, 3, 3])), makeLeaf(numbers("leak.b", [8]))
            )
            let (gamma, beta) = (makeLeaf(numbers("leak.g", [8])), makeLeaf(numbers("leak.h", [8])))
            let image = numbers("leak.x", [2, 8, 8, 8])
            expectNoLeaks {
                let tape = Tape(recording: true)
                let a = tape.conv2d(
                    Variable(constant: image), weight: weight, bias: bias,
                    geometry: ConvolutionGeometry(padding: 1),
                    activation: .relu)
                let b = tape.batchNorm(
                    a, weight: gamma, bias: beta, statistics: nil, epsilon: 1e-5, activation: .relu,
                    reduce: { _ in }
                ).y
                let c = tape.maxPool(tape.relu(tape.add(a, b)), kernel: 3, stride: 2, padding: 1)
                let d = tape.upsampleAdd(b, c)
                let e = tape.normalizeRows(tape.concatenateRows([d.rows, tape.gatherRows(c, [0, 1, 1])]))
                let loss = tape.scalar(1, gradients: [(e, Tensor(repeating: 1, shape: e.shape))])
                tape.backward([(loss, 1)])
            }
            // A forward pass whose tape is dropped.
            expectNoLeaks {
                let tape = Tape(recording: true)
                _ = tape.conv2d(
                    Variable(constant: image), weight: weight, bias: bias,
                    geometry: ConvolutionGeometry(padding: 1))
            }
        }
    }

    @Test func aGradientOfTheWrongSizeTraps() async {
        await #expect(processExitsWith: .failure) {
            let tape = Tape(recording: true)
            let y = tape.input(makeLeaf(Tensor(zeros: [2, 2])))
            tape.backward(from: [(y, Tensor(zeros: [3]))])
        }
    }
}
