import Tensors
import Testing

/// Mask R-CNN against torchvision's. What it shares with Faster R-CNN is compared there.
@Suite(.serialized) struct MaskRCNNParityTests {
    private let parity: TwoStageParity

    init() throws {
        parity = try TwoStageParity("mask") { small in
            TorchvisionFasterRCNN.make(masks: TorchvisionFasterRCNN.maskBranch(small: small))
        }
    }

    @Test func lossesMatch() throws { try parity.whole.lossesMatch() }

    @Test(arguments: [KernelSet.fast, .plain])
    func everyGradientMatches(kernels: KernelSet) throws {
        try parity.small().everyGradientMatches(kernels: kernels)
    }

    @Test func tenStepsGiveTheSameLosses() throws { try parity.whole.tenStepsGiveTheSameLosses(rate: 2e-5) }

    @Test func masksAreTheSame() throws { try parity.masksAreTheSame() }
}
