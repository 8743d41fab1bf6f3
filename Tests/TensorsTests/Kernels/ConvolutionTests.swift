import Foundation
import Synchronization
import TestSupport
import Testing

@testable import Tensors

@Suite(.serialized) struct ConvolutionTests {
    static let cases = [
        "conv3x3_s1", "conv3x3_s1_wide", "conv3x3_s1_nobias", "conv3x3_s2", "conv3x3_s2_wide", "conv1x1",
        "conv1x1_wide", "conv1x1_s2", "conv1x1_s2_wide", "conv7x7_s2", "depthwise3x3_s1", "depthwise3x3_s2",
        "depthwise3x3_s1_wide", "depthwise3x3_s2_wide", "groups2", "groups2_wide", "conv3x3_s1_one_pixel",
        "conv3x3_s2_one_pixel",
    ]

    private func geometry(_ golden: GoldenCase) throws -> ConvolutionGeometry {
        let constants = try golden.file.note(golden.name, as: [String: Int].self)
        return ConvolutionGeometry(
            stride: try #require(constants["stride"]), padding: try #require(constants["padding"]),
            groups: try #require(constants["groups"]))
    }

    @Test(arguments: cases, [KernelSet.fast, .plain])
    func valuesAndGradientsMatchPyTorch(name: String, kernels: KernelSet) throws {
        try kernels.run {
            let golden = try GoldenCase("convolution", name)
            let (input, weight) = (try golden.leaf("input"), try golden.leaf("weight"))
            let bias = try golden.optionalLeaf("bias")
            let tape = Tape(recording: true)
            let output = tape.conv2d(
                tape.input(input), weight: weight, bias: bias, geometry: try geometry(golden))
            try golden.check(output, tape, gradients: [("input", input), ("weight", weight), ("bias", bias)])
        }
    }

    @Test(arguments: ["conv3x3_s1", "groups2", "conv1x1_s2_wide"], [KernelSet.fast, .plain])
    func backwardWeightsAddsOrOverwrites(name: String, kernels: KernelSet) throws {
        try kernels.run {
            let golden = try GoldenCase("convolution", name)
            let geometry = try geometry(golden)
            let (input, upstream) = (try golden.tensor("input"), try golden.tensor("grad_output"))
            let truth = try golden.tensor("grad_weight")
            let weight = Tensor(repeating: .nan, shape: truth.shape)
            for accumulate in [false, true] {
                Convolution.backwardWeights(
                    [(input, upstream)], weightGradient: weight, accumulate: accumulate, geometry: geometry)
                let factor: Float = accumulate ? 2 : 1
                expectClose(
                    weight.values, truth.values.map { $0 * factor }, relative: Tolerance.operation, name)
            }
        }
    }

    @Test(arguments: [Activation.relu, .relu6], [KernelSet.fast, .plain])
    func fusedActivationEqualsOneAfterTheConvolution(activation: Activation, kernels: KernelSet) {
        kernels.run {
            // Large enough that both ends of ReLU6 are met.
            let x = numbers("fused.x", [2, 6, 5, 8], scale: 4)
            let (w, b) = (numbers("fused.w", [16, 8, 3, 3]), numbers("fused.b", [16]))
            let upstream = numbers("fused.dy", [2, 6, 5, 16])
            func run(fused: Bool) -> [[Float]] {
                let (input, weight, bias) = (makeLeaf(x), makeLeaf(w), makeLeaf(b))
                let tape = Tape(recording: true)
                let geometry = ConvolutionGeometry(padding: 1)
                let y = tape.conv2d(
                    tape.input(input), weight: weight, bias: bias, geometry: geometry,
                    activation: fused ? activation : .none)
                let out = fused ? y : tape.relu(y, activation)
                tape.backward(from: [(out, upstream)])
                return [out.tensor.values] + [input, weight, bias].map(\.finishedGradient.values)
            }
            let (fused, separate) = (run(fused: true), run(fused: false))
            #expect(fused[0].contains(0) && fused[0].contains { $0 > 0 })
            #expect(fused[0].contains(6) == (activation == .relu6))
            for (a, b) in zip(fused, separate) { expectClose(a, b, relative: Tolerance.operation) }
        }
    }

    @Test(arguments: [KernelSet.fast, .plain])
    func addendIsAddedBeforeTheActivationAndOverwritten(kernels: KernelSet) {
        kernels.run {
            let (x, w) = (numbers("addend.x", [1, 5, 4, 8]), numbers("addend.w", [16, 8, 1, 1]))
            let (b, addend) = (numbers("addend.b", [16]), numbers("addend.a", [1, 5, 4, 16], scale: 3))
            let geometry = ConvolutionGeometry()
            let plain = Convolution.forward(x, weight: w, packs: WeightPacks(), bias: b, geometry: geometry)
            let expected = zip(plain.values, addend.values).map { max($0 + $1, 0) }
            let y = Convolution.forward(
                x, weight: w, packs: WeightPacks(), bias: b, geometry: geometry, activation: .relu,
                addend: addend)
            expectClose(y.values, expected, relative: Tolerance.operation)
            #expect(addend.values == y.values)
        }
    }

    @Test(arguments: [KernelSet.fast, .plain])
    func noImagesGiveEmptyMapsAndZeroGradients(kernels: KernelSet) {
        kernels.run {
            let (input, weight) = (
                makeLeaf(Tensor(zeros: [0, 4, 4, 3])), makeLeaf(numbers("none.w", [8, 3, 3, 3]))
            )
            let bias = makeLeaf(numbers("none.b", [8]))
            let tape = Tape(recording: true)
            let y = tape.conv2d(
                tape.input(input), weight: weight, bias: bias, geometry: ConvolutionGeometry(padding: 1),
                activation: .relu)
            #expect(y.shape == [0, 4, 4, 8])
            tape.backward(from: [(y, Tensor(zeros: y.shape))])
            #expect(input.finishedGradient.shape == [0, 4, 4, 3])
            #expect(weight.finishedGradient.values.allSatisfy { $0 == 0 })
            #expect(bias.finishedGradient.values.allSatisfy { $0 == 0 })
        }
    }

    /// A head's weight on the levels of a pyramid, the coarsest of which is too small for a sum of its own.
    @Test(arguments: [KernelSet.fast, .plain], [32, 8])
    func aWeightUsedOnSeveralMapsGetsTheSumOfItsGradients(kernels: KernelSet, channels: Int) {
        kernels.run {
            let w = numbers("levels.w", [32, channels, 3, 3])
            let sizes = [[2, 12, 9], [2, 5, 4], [2, 1, 2]]
            func gradient(of levels: Range<Int>) -> [Float] {
                let weight = makeLeaf(w)
                let tape = Tape(recording: true)
                let outputs = levels.map { level in
                    let x = tape.watched(numbers("levels.x\(level)", sizes[level] + [channels]))
                    return tape.conv2d(x, weight: weight, geometry: ConvolutionGeometry(padding: 1))
                }
                tape.backward(from: zip(levels, outputs).map { ($1, numbers("levels.dy\($0)", $1.shape)) })
                return weight.finishedGradient.values
            }
            let parts = (0..<3).map { gradient(of: $0..<($0 + 1)) }
            let sum = parts[0].indices.map { i in parts.reduce(0) { $0 + $1[i] } }
            expectClose(gradient(of: 0..<3), sum, relative: Tolerance.operation)
        }
    }

    /// The last use, in the order of backward passes, is the first map; no loss reads it.
    @Test func aUseThatNoGradientReachesDoesNotKeepTheOthersFromBeingWritten() {
        let (weight, x) = (
            makeLeaf(numbers("unread.w", [32, 32, 3, 3])), numbers("unread.x", [1, 9, 9, 32])
        )
        let tape = Tape(recording: true)
        let geometry = ConvolutionGeometry(padding: 1)
        _ = tape.conv2d(tape.watched(x), weight: weight, geometry: geometry)
        let y = tape.conv2d(tape.watched(x), weight: weight, geometry: geometry)
        tape.backward(from: [(y, numbers("unread.dy", y.shape))])
        let expected = Tensor(uninitialized: weight.value.shape)
        KernelSet.plain.run {
            Convolution.backwardWeights(
                [(x, numbers("unread.dy", y.shape))], weightGradient: expected, accumulate: false,
                geometry: geometry)
        }
        expectClose(weight.finishedGradient, expected, relative: Tolerance.operation)
    }

    @Test func aChangedWeightIsPackedAnewAndAnUnchangedOneIsNot() {
        let x = numbers("pack.x", [1, 4, 4, 16])
        let leaf = Leaf(numbers("pack.w", [16, 16, 3, 3]))
        func run() -> Tensor {
            Tape(recording: false).conv2d(
                Variable(constant: x), weight: leaf, geometry: ConvolutionGeometry(padding: 1)
            ).tensor
        }
        let first = run()
        let packed = WeightPacks.packCount
        #expect(run().values == first.values)
        #expect(WeightPacks.packCount == packed)
        Elementwise.scale(leaf.value, by: 2)
        leaf.didChange()
        expectClose(run().values, first.values.map { 2 * $0 }, relative: Tolerance.operation)
        #expect(WeightPacks.packCount == packed + 1)
    }

    /// Primitives are built once for the process. Tests change threads under us, and so may a program. These
    /// sizes (N, H, W, C, O, kernel) are some for which oneDNN wants work space.
    @Test(arguments: [[1, 2, 2, 256, 256, 3], [1, 16, 16, 64, 256, 1]])
    func aPrimitiveRunsOnOtherThreadsThanTheOneThatBuiltIt(sizes: [Int]) {
        final class Outcome: Sendable {
            let gradient = Mutex<[Float]>([])
        }
        func runOnAThread() -> [Float] {
            let (outcome, done) = (Outcome(), DispatchSemaphore(value: 0))
            Thread {
                let leaf = makeLeaf(numbers("threads.w", [sizes[4], sizes[3], sizes[5], sizes[5]]))
                let input = makeLeaf(numbers("threads.x", Array(sizes.prefix(4))))
                let tape = Tape(recording: true)
                let y = tape.conv2d(
                    tape.input(input), weight: leaf, geometry: ConvolutionGeometry(padding: sizes[5] / 2))
                tape.backward(from: [(y, numbers("threads.dy", y.shape))])
                let values = leaf.finishedGradient.values + input.finishedGradient.values
                outcome.gradient.withLock { $0 = values }
                done.signal()
            }.start()
            done.wait()
            return outcome.gradient.withLock { $0 }
        }
        let first = runOnAThread()
        for _ in 0..<2 { expectClose(runOnAThread(), first, relative: Tolerance.operation) }
    }

    @Test func channelsThatDoNotFitTheWeightTrap() async {
        await #expect(processExitsWith: .failure) {
            let x = Variable(constant: Tensor(zeros: [1, 4, 4, 5]))
            let weight = Leaf(Tensor(zeros: [8, 3, 3, 3]))
            _ = Tape(recording: false).conv2d(x, weight: weight, geometry: ConvolutionGeometry(padding: 1))
        }
    }
}
