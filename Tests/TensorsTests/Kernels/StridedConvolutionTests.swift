import TestSupport
import Testing

@testable import Tensors

/// Strided convolutions as sums of products against im2col and OpenBLAS.
@Suite(.serialized) struct StridedConvolutionTests {
    struct Case: Sendable, CustomTestStringConvertible {
        let n, h, w, inputs, outputs, kernel, stride, padding: Int
        var testDescription: String { "\(n)x\(h)x\(w), \(inputs) to \(outputs), \(kernel)/\(stride)/\(padding)" }
    }

    /// Even and odd maps, several pieces of rows, maps smaller than the kernel, other kernels and strides.
    static let cases = [
        Case(n: 2, h: 14, w: 10, inputs: 16, outputs: 32, kernel: 3, stride: 2, padding: 1),
        Case(n: 1, h: 31, w: 203, inputs: 35, outputs: 48, kernel: 3, stride: 2, padding: 1),
        Case(n: 3, h: 2, w: 1, inputs: 16, outputs: 16, kernel: 3, stride: 2, padding: 1),
        Case(n: 1, h: 23, w: 17, inputs: 20, outputs: 16, kernel: 5, stride: 3, padding: 2),
    ]

    @Test(arguments: cases, [Activation.none, .relu, .relu6])
    func outputsEqualPlainOnes(c: Case, activation: Activation) {
        let geometry = ConvolutionGeometry(stride: c.stride, padding: c.padding)
        let x = numbers("strided.x", [c.n, c.h, c.w, c.inputs])
        let scale = 4 / Double(c.kernel * c.kernel * c.inputs).squareRoot()
        let weight = numbers("strided.w", [c.outputs, c.inputs, c.kernel, c.kernel], scale: scale)
        let bias = numbers("strided.b", [c.outputs], scale: 3)
        let shape = ConvolutionShape(
            input: x.shape, weight: weight.shape, geometry: geometry, direction: .forward)
        KernelSet.fast.run { #expect(StridedConvolution.serves(shape)) }
        func run(_ kernels: KernelSet, adding: Bool) -> Tensor {
            kernels.run {
                Convolution.forward(
                    x, weight: weight, packs: WeightPacks(), bias: bias, geometry: geometry,
                    activation: activation, addend: adding ? numbers("strided.a", shape.output) : nil)
            }
        }
        for adding in [false, true] {
            expectClose(run(.fast, adding: adding), run(.plain, adding: adding), relative: Tolerance.operation)
        }
    }
}
