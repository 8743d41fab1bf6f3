import DetectionData
import NN
import Tensors
import TestSupport
import Testing

@testable import Detection

/// RetinaNet against torchvision's, from the same weights and images: `Golden/retinanet`.
@Suite(.serialized) struct RetinaNetParityTests {
    private let golden: GoldenTensors
    private let network: RetinaNet
    private let images = GoldenWeights.images(
        "input", count: 2, channels: 3, height: 128, width: 160, scale: 2)
    private let parity: DetectorParity

    init() throws {
        let golden = try GoldenTensors("retinanet/retinanet.safetensors")
        self.golden = golden
        network = TorchvisionRetinaNet.make()
        TorchvisionRetinaNet.weights.fill(network, name: TorchvisionRetinaNet.name)
        let targets = try (0..<2).map { try golden.target("boxes.\($0)", width: 160, height: 128) }
        parity = try Self.parity(network, (images, targets), golden)
    }

    private static func parity(
        _ network: RetinaNet, _ batch: (images: Tensor, targets: [Target]), _ golden: GoldenTensors
    ) throws -> DetectorParity {
        let losses = try zip(network.lossNames, ["classification", "bbox_regression"]).map {
            ($0, try golden.scalar("loss.\($1)"))
        }
        var parity = DetectorParity(network, batch, golden, losses: losses)
        parity.name = TorchvisionRetinaNet.name
        return parity
    }

    private var anchors: AnchorSet {
        network.anchorGenerator.anchors(
            [(16, 20), (8, 10), (4, 5), (2, 3), (1, 2)], inputHeight: 128, inputWidth: 160)
    }

    @Test func mapsAndOutputsMatch() throws {
        try expectDigest(images, golden, "input", relative: 1e-6)
        let tape = Tape(recording: false)
        let maps = network.backbone(images, tape)
        for (level, map) in maps.enumerated().dropFirst() {
            try expectDigest(map.tensor, golden, "c\(level + 2)", relative: Tolerance.detector)
        }
        let pyramid = network.neck(maps, tape)
        for (level, map) in pyramid.enumerated() {
            try expectDigest(map.tensor, golden, "p\(level + 3)", relative: Tolerance.detector)
        }
        let output = network.head(pyramid, tape)
        for level in 0..<5 {
            let (logits, deltas) = (output.logits[level].tensor, output.deltas[level].tensor)
            try expectDigest(logits, golden, "cls_logits.p\(level + 3)", relative: Tolerance.detector)
            try expectDigest(deltas, golden, "bbox_regression.p\(level + 3)", relative: Tolerance.detector)
        }
    }

    @Test func anchorsAndTheirBoxesMatch() throws {
        try expectDigest(anchors.boxes, golden, "anchors", relative: 1e-7)
        for (i, target) in parity.targets.enumerated() {
            let assigned = network.settings.matcher.match(anchors.boxes, target.boxes)
            let positives = assigned.indices.filter { assigned[$0] >= 0 }
            #expect(positives == (try golden.integers("positive_anchors.\(i)")))
            #expect(positives.map { Int(assigned[$0]) } == (try golden.integers("positive_boxes.\(i)")))
            #expect(
                assigned.count { $0 == MaxIoUMatcher.ignored }
                    == (try golden.integers("ignored_count.\(i)")[0]))
        }
    }

    /// On an image that lies far from all kinks: `make_gradients.py` says why.
    @Test(arguments: [KernelSet.fast, .plain])
    func everyGradientMatches(kernels: KernelSet) throws {
        let golden = try GoldenTensors("retinanet/gradients.safetensors")
        let batch = try golden.batch("input.name", boxes: ["boxes"], width: 64, height: 64)
        try Self.parity(network, batch, golden).everyGradientMatches(kernels: kernels)
    }

    @Test func lossesMatch() throws { try parity.lossesMatch() }

    @Test func tenStepsGiveTheSameLosses() throws { try parity.tenStepsGiveTheSameLosses(rate: 2e-4) }

    @Test func detectionsAreTheSame() throws { try parity.detectionsAreTheSame() }

    @Test func aStepLeavesNoMemoryBehind() { parity.aStepLeavesNoMemoryBehind() }

    @Test func frozenPartsAreNotAmongTheTrained() {
        let backbone = ResNet(.eighteen, frozenStages: 1, norm: .frozen)
        let network = RetinaNet(
            backbone: backbone,
            neck: FPN(
                inputs: backbone.outputChannels, channels: 8, startLevel: 1, levelCount: 5,
                extraSource: .input,
                rectifiesExtra: false, norm: nil),
            head: RetinaHead(
                inputs: 8, channels: 8, convolutionCount: 1, anchorShapeCount: 9,
                output: .classes(3, prior: 0.01)), anchorGenerator: network.anchorGenerator,
            settings: network.settings)
        let paths = network.trainedParameters.map(\.path)
        #expect(
            paths.contains("backbone.layer2.0.conv1.weight") && paths.contains("bbox_head.retina_cls.bias"))
        #expect(!paths.contains { $0.hasPrefix("backbone.conv1.") || $0.hasPrefix("backbone.layer1.") })
        // Weight decay would move the weights of frozen norms if an optimizer saw them.
        #expect(!paths.contains { $0.contains(".bn") || $0.contains("downsample.1") })
    }
}
