import TestSupport
import Testing

@testable import Tensors

/// The fast 3x3 convolutions against im2col and OpenBLAS, which are held to PyTorch's numbers elsewhere.
@Suite(.serialized) struct WinogradConvolutionTests {
    struct Case: Sendable, CustomTestStringConvertible {
        let n, h, w, inputs, outputs: Int
        var testDescription: String { "\(n)x\(h)x\(w), \(inputs) to \(outputs)" }
    }

    /// Whole tiles, cut tiles, channels that fill no vector, several blocks of tiles and of depth.
    static let cases = [
        Case(n: 1, h: 32, w: 32, inputs: 64, outputs: 48), Case(n: 2, h: 13, w: 9, inputs: 35, outputs: 53),
        Case(n: 3, h: 8, w: 8, inputs: 32, outputs: 32), Case(n: 1, h: 33, w: 47, inputs: 300, outputs: 96),
        Case(n: 2, h: 6, w: 70, inputs: 32, outputs: 37),
    ]

    private let geometry = ConvolutionGeometry(stride: 1, padding: 1)

    /// Weights as an initialiser makes them: outputs of about the bias's size, some above 6.
    private func operands(_ c: Case) -> (x: Tensor, weight: Tensor, bias: Tensor, dy: Tensor) {
        (
            numbers("winograd.x", [c.n, c.h, c.w, c.inputs]),
            numbers("winograd.w", [c.outputs, c.inputs, 3, 3], scale: 4 / Double(9 * c.inputs).squareRoot()),
            numbers("winograd.b", [c.outputs], scale: 3),
            numbers("winograd.dy", [c.n, c.h, c.w, c.outputs])
        )
    }

    @Test(arguments: cases) func servesTheCasesTestedHere(c: Case) {
        let shape = ConvolutionShape(
            input: [c.n, c.h, c.w, c.inputs], weight: [c.outputs, c.inputs, 3, 3], geometry: geometry,
            direction: .forward)
        KernelSet.fast.run { #expect(WinogradConvolution.serves(shape, WeightPacks())) }
        KernelSet.plain.run { #expect(!WinogradConvolution.serves(shape, WeightPacks())) }
    }

    @Test(arguments: cases, [Activation.none, .relu, .relu6])
    func outputsEqualPlainOnes(c: Case, activation: Activation) {
        let (x, weight, bias, dy) = operands(c)
        func run(_ kernels: KernelSet, adding: Bool) -> Tensor {
            kernels.run {
                Convolution.forward(
                    x, weight: weight, packs: WeightPacks(), bias: bias, geometry: geometry,
                    activation: activation, addend: adding ? dy.copied() : nil)
            }
        }
        for adding in [false, true] {
            expectClose(
                run(.fast, adding: adding), run(.plain, adding: adding), relative: Tolerance.operation)
        }
    }

    @Test(arguments: cases) func inputGradientsEqualPlainOnes(c: Case) {
        let (x, weight, _, dy) = operands(c)
        func run(_ kernels: KernelSet) -> Tensor {
            kernels.run {
                Convolution.backwardData(
                    dy, weight: weight, packs: WeightPacks(), inputShape: x.shape, geometry: geometry)
            }
        }
        expectClose(run(.fast), run(.plain), relative: Tolerance.operation)
    }

    @Test(arguments: cases, [false, true]) func weightGradientsEqualPlainOnes(c: Case, accumulate: Bool) {
        let (x, weight, _, dy) = operands(c)
        func run(_ kernels: KernelSet) -> Tensor {
            kernels.run {
                let dw = accumulate ? weight.copied() : Tensor(repeating: .nan, shape: weight.shape)
                Convolution.backwardWeights(
                    [(x, dy)], weightGradient: dw, accumulate: accumulate, geometry: geometry)
                return dw
            }
        }
        expectClose(run(.fast), run(.plain), relative: Tolerance.operation)
    }

    @Test func resultsDoNotDependOnTheNumberOfThreads() {
        let c = Case(n: 2, h: 30, w: 41, inputs: 48, outputs: 80)
        let (x, weight, bias, dy) = operands(c)
        func run(threads: Int) -> [[Float]] {
            let before = ThreadBudget.count
            defer { ThreadBudget.count = before }
            ThreadBudget.count = threads
            let dw = Tensor(zeros: weight.shape)
            let y = Convolution.forward(
                x, weight: weight, packs: WeightPacks(), bias: bias, geometry: geometry, activation: .relu)
            let dx = Convolution.backwardData(
                dy, weight: weight, packs: WeightPacks(), inputShape: x.shape, geometry: geometry)
            Convolution.backwardWeights(
                [(x, dy)], weightGradient: dw, accumulate: false, geometry: geometry)
            return [y.values, dx.values, dw.values]
        }
        KernelSet.fast.run {
            let one = run(threads: 1)
            #expect(run(threads: 2) == one)
            #expect(run(threads: 3) == one)
        }
    }

    @Test func aSmallMapIsServedWhereItsWeightIsPackedAlready() {
        let packs = WeightPacks()
        let weight = numbers("winograd.small", [32, 32, 3, 3])
        func shape(_ size: Int, _ direction: ConvolutionShape.Direction) -> ConvolutionShape {
            ConvolutionShape(
                input: [1, size, size, 32], weight: weight.shape, geometry: geometry, direction: direction)
        }
        KernelSet.fast.run {
            #expect(!WinogradConvolution.serves(shape(4, .forward), packs))
            _ = Convolution.forward(
                numbers("winograd.large", [1, 16, 16, 32]), weight: weight, packs: packs, geometry: geometry)
            #expect(WinogradConvolution.serves(shape(4, .forward), packs))
            #expect(!WinogradConvolution.serves(shape(4, .backwardData), packs))
        }
    }

    @Test func notANumberIsNotHiddenByTheActivation() {
        let c = Case(n: 1, h: 16, w: 16, inputs: 32, outputs: 32)
        let (x, weight, bias, _) = operands(c)
        let poisoned = x.copied()
        poisoned.floats[0] = .nan
        KernelSet.fast.run {
            let y = Convolution.forward(
                poisoned, weight: weight, packs: WeightPacks(), bias: bias, geometry: geometry,
                activation: .relu)
            #expect(y.values.contains { $0.isNaN })
        }
    }
}
