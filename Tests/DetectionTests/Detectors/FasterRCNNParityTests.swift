import Tensors
import Testing

/// Faster R-CNN against torchvision's.
@Suite(.serialized) struct FasterRCNNParityTests {
    private let parity: TwoStageParity

    init() throws { parity = try TwoStageParity("faster") { _ in TorchvisionFasterRCNN.make() } }

    @Test func pyramidAndProposalsMatch() throws { try parity.pyramidAndProposalsMatch() }

    @Test func lossesMatch() throws { try parity.lossesMatch() }

    @Test(arguments: [KernelSet.fast, .plain])
    func everyGradientMatches(kernels: KernelSet) throws { try parity.everyGradientMatches(kernels: kernels) }

    @Test func tenStepsGiveTheSameLosses() throws { try parity.tenStepsGiveTheSameLosses() }

    @Test func detectionsAreTheSame() throws { try parity.detectionsAreTheSame() }

    @Test func aStepLeavesNoMemoryBehind() { parity.aStepLeavesNoMemoryBehind() }
}
