import Tensors
import Testing

/// Faster R-CNN against torchvision's.
@Suite(.serialized) struct FasterRCNNParityTests {
    private let parity: TwoStageParity

    init() throws { parity = try TwoStageParity("faster") { _ in TorchvisionFasterRCNN.make() } }

    @Test func pyramidAndProposalsMatch() throws { try parity.pyramidAndProposalsMatch() }

    @Test func lossesMatch() throws { try parity.whole.lossesMatch() }

    @Test(arguments: [KernelSet.fast, .plain])
    func everyGradientMatches(kernels: KernelSet) throws {
        try parity.small().everyGradientMatches(kernels: kernels)
    }

    @Test func tenStepsGiveTheSameLosses() throws { try parity.whole.tenStepsGiveTheSameLosses(rate: 2e-5) }

    @Test func detectionsAreTheSame() throws { try parity.whole.detectionsAreTheSame(firstLabel: 1) }

    @Test func aStepLeavesNoMemoryBehind() { parity.whole.aStepLeavesNoMemoryBehind() }
}
