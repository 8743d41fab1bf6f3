import NN
import Tensors
import TestSupport
import Testing

@Suite(.serialized) struct FoldedConvolutionTests {
    private func values(_ name: String, _ shape: [Int], scale: Double = 1, shift: Double = 0) -> Tensor {
        Tensor(
            GoldenWeights.values(name, count: shape.reduce(1, *), scale: scale, shift: shift), shape: shape)
    }

    private func parts(bias: Bool) -> (Conv2d, BatchNorm2d) {
        let conv = Conv2d(5, 8, kernel: 3, stride: 2, bias: bias)
        conv.weight.assign(values("fold.weight", [8, 5, 3, 3], scale: 0.3))
        conv.bias?.assign(values("fold.bias", [8]))
        let norm = BatchNorm2d(8, mode: .frozen)
        norm.weight.assign(values("fold.gamma", [8], scale: 0.5, shift: 1))
        norm.bias.assign(values("fold.beta", [8]))
        norm.runningMean.assign(values("fold.mean", [8]))
        norm.runningVariance.assign(values("fold.variance", [8], scale: 0.4, shift: 1))
        return (conv, norm)
    }

    @Test(arguments: [true, false], [KernelSet.fast, .plain])
    func equalsTheConvolutionAndItsFrozenNorm(bias: Bool, kernels: KernelSet) {
        kernels.run {
            let (conv, norm) = parts(bias: bias)
            let x = values("fold.x", [2, 7, 6, 5])
            for activation in [Activation.none, .relu, .relu6] {
                let tape = Tape(recording: false)
                let separate = norm(conv(Variable(constant: x), tape), tape, activation: activation).tensor
                let folded = FoldedConvolution(conv, norm, activation: activation)(x)
                expectClose(folded, separate, relative: Tolerance.operation, "\(activation)")
            }
        }
    }

    @Test func addsBeforeItsActivation() {
        let (conv, norm) = parts(bias: false)
        let (x, addend) = (values("fold.x", [2, 7, 6, 5]), values("fold.addend", [2, 4, 3, 8], scale: 2))
        let tape = Tape(recording: false)
        let y = norm(conv(Variable(constant: x), tape), tape).tensor
        let expected = zip(y.values, addend.values).map { max(0, $0 + $1) }
        let folded = FoldedConvolution(conv, norm, activation: .relu)(x, addend: addend.copied())
        expectClose(folded.values, expected, relative: Tolerance.operation)
    }

    @Test func aConvolutionAloneIsItself() {
        let (conv, _) = parts(bias: true)
        let x = values("fold.x", [2, 7, 6, 5])
        let plain = conv(Variable(constant: x), Tape(recording: false)).tensor
        expectClose(FoldedConvolution(conv, nil, activation: .none)(x), plain, relative: Tolerance.operation)
    }
}
