import NN
import Tensors
import Testing

@Suite struct ModuleTests {
    private final class Block: Module {
        let layers: [ConvModule]
        let missing: Conv2d?
        var loadCount = 0
        init() {
            layers = [
                ConvModule(3, 4, kernel: 3, norm: (.batch, LocalStatistics())), ConvModule(4, 4, kernel: 1),
            ]
            missing = nil
        }
        func visit(_ visitor: inout ParameterVisitor) {
            visitor.visit("layers", layers)
            visitor.visit("missing", missing)
            visitor.onLoad { [unowned self] in loadCount += 1 }
        }
    }

    @Test func pathsAreDottedNamesInVisitingOrder() {
        let block = Block()
        #expect(
            block.namedParameters.map(\.path) == [
                "layers.0.conv.weight", "layers.0.bn.weight", "layers.0.bn.bias", "layers.1.conv.weight",
                "layers.1.conv.bias",
            ])
        #expect(block.namedBuffers.map(\.path) == ["layers.0.bn.running_mean", "layers.0.bn.running_var"])
        #expect(
            block.namedTensors.map(\.path) == block.namedParameters.map(\.path)
                + block.namedBuffers.map(\.path))
        #expect(block.namedTensors[0].tensor.shape == [4, 3, 3, 3])
    }

    @Test func initializingAndLoadingTellWhatMustBeDerivedAnew() {
        let block = Block()
        block.initialize(seed: 3)
        #expect(block.loadCount == 1)
        block.didLoad()
        #expect(block.loadCount == 2)
    }
}
