import Testing

@testable import Tensors

@Suite struct KernelCountersTests {
    private func flops(_ body: () -> Void) -> Int {
        let before = KernelCounters.flopCount
        body()
        return KernelCounters.flopCount - before
    }

    /// Two images of 5 x 7, stride 2, 6 channels in 3 groups to 9: 3 x 4 positions, 2 x 3 x 3 products each.
    private static let expected = 2 * (2 * 3 * 4) * 9 * (2 * 3 * 3)

    @Test(arguments: [KernelSet.fast, .plain]) func convolutionsCountTheSameInEachDirectionAndKernelSet(
        set: KernelSet
    ) {
        let chosen = KernelSet.current
        defer { KernelSet.current = chosen }
        KernelSet.current = set
        let geometry = ConvolutionGeometry(stride: 2, padding: 1, groups: 3)
        let x = Tensor(repeating: 1, shape: [2, 5, 7, 6])
        let weight = Tensor(repeating: 1, shape: [9, 2, 3, 3])
        let dy = Tensor(repeating: 1, shape: [2, 3, 4, 9])
        let packs = WeightPacks()
        #expect(
            flops { _ = Convolution.forward(x, weight: weight, packs: packs, geometry: geometry) }
                == Self.expected)
        #expect(
            flops {
                _ = Convolution.backwardData(
                    dy, weight: weight, packs: packs, inputShape: x.shape, geometry: geometry)
            } == Self.expected)
        #expect(
            flops {
                Convolution.backwardWeights(
                    [(x, dy)], weightGradient: Tensor(zeros: weight.shape), accumulate: false,
                    geometry: geometry)
            } == Self.expected)
    }

    @Test func matrixProductsCountTwoOperationsForEachProduct() {
        let (a, b) = (Tensor(repeating: 1, shape: [7, 5]), Tensor(repeating: 1, shape: [3, 5]))
        #expect(flops { _ = MatMul.product(a, b, transposeB: true) } == 2 * 7 * 5 * 3)
    }

    @Test func aConvolutionOfPhotographsRunsNoBackwardForThem() {
        let weight = Leaf(Tensor(repeating: 1, shape: [4, 3, 1, 1]))
        weight.gradient = Tensor(zeros: [4, 3, 1, 1])
        let one = 2 * (2 * 2) * 4 * 3
        let counted = flops {
            let tape = Tape(recording: true)
            let x = Variable(constant: Tensor(repeating: 1, shape: [1, 2, 2, 3]))
            let y = tape.conv2d(x, weight: weight, geometry: ConvolutionGeometry())
            tape.backward(from: [(y, Tensor(repeating: 1, shape: y.shape))])
        }
        #expect(counted == 2 * one)
    }

    @Test func onlyTheFirstPackingAfterAChangeIsNeeded() {
        let packs = WeightPacks()
        func pack() -> Int {
            let before = WeightPacks.avoidablePackCount
            _ = packs.packed(layout: 1, byteCount: 64) { _ in }
            return WeightPacks.avoidablePackCount - before
        }
        #expect(pack() == 1, "a weight that never changed is packed when it is made")
        WeightPacks.beginSpan()
        packs.invalidate()
        #expect(pack() == 0)
        #expect(pack() == 0, "nothing is packed twice")
        packs.invalidate()
        #expect(pack() == 1, "twice within one step")
        WeightPacks.beginSpan()
        packs.invalidate()
        #expect(pack() == 0)
    }
}
