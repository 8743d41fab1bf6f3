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
    private let targets: [Target]

    init() throws {
        let golden = try GoldenTensors("retinanet/retinanet.safetensors")
        self.golden = golden
        network = TorchvisionRetinaNet.make()
        TorchvisionRetinaNet.weights.fill(network, name: TorchvisionRetinaNet.name)
        targets = try (0..<2).map { i in
            makeTarget(
                makeBoxes(try golden.floats("boxes.\(i)")), labels: try golden.labels("labels.\(i)"),
                width: 160, height: 128)
        }
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
        for (i, target) in targets.enumerated() {
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
        let images = GoldenWeights.images(
            try #require(golden.metadata["input.name"]), count: 1, channels: 3, height: 64, width: 64,
            scale: 2)
        let target = makeTarget(
            makeBoxes(try golden.floats("boxes")), labels: try golden.labels("labels"), width: 64, height: 64)
        let names = try golden.note("gradient.names", as: [String].self)
        let trained = network.trainedParameters
        #expect(Set(trained.map { TorchvisionRetinaNet.name($0.path) }) == Set(names))
        #expect(trained.count == names.count)
        let arena = ParameterArena(trained)
        arena.beginAccumulation()
        try kernels.run {
            let tape = Tape(recording: true)
            let terms = network.losses(images, [target], tape)
            try expectLosses(terms, golden)
            tape.backward(terms.map { ($0.sum, $0.factor) })
        }
        arena.finishAccumulation()

        let positions = try golden.integers("gradient.positions")
        let samples = try golden.doubles("gradient.samples")
        let (norms, sums) = (try golden.doubles("gradient.norm"), try golden.doubles("gradient.sum"))
        let count = positions.count / names.count
        let row = Dictionary(uniqueKeysWithValues: names.enumerated().map { ($1, $0) })
        for (path, parameter) in trained {
            let i = try #require(row[TorchvisionRetinaNet.name(path)], "\(path)")
            let gradient = try #require(parameter.leaf.gradient)
            expectDigest(
                gradient, positions: Array(positions[(i * count)..<((i + 1) * count)]),
                samples: Array(samples[(i * count)..<((i + 1) * count)]), norm: norms[i], sum: sums[i],
                relative: Tolerance.detector, "gradient \(path)")
        }
    }

    private func expectLosses(_ terms: [LossTerm], _ golden: GoldenTensors) throws {
        #expect(terms.map(\.name) == network.lossNames)
        for (term, key) in zip(terms, ["classification", "bbox_regression"]) {
            expectClose(
                Double(term.value), try golden.scalar("loss.\(key)"), relative: Tolerance.detector,
                "loss \(key)")
        }
    }

    @Test func lossesMatch() throws {
        try expectLosses(network.losses(images, targets, Tape(recording: false)), golden)
    }

    @Test func tenStepsGiveTheSameLosses() throws {
        let history = try golden.doubles("steps.losses")
        let arena = ParameterArena(network.trainedParameters)
        let optimizer = SGD(arena, momentum: 0.9, weightDecay: 1e-4)
        for step in 0..<10 {
            arena.beginAccumulation()
            let tape = Tape(recording: true)
            let terms = network.losses(images, targets, tape)
            for (i, term) in terms.enumerated() {
                expectClose(
                    Double(term.value), history[2 * step + i], relative: Tolerance.tenSteps,
                    "step \(step) \(term.name)")
            }
            tape.backward(terms.map { ($0.sum, $0.factor) })
            arena.finishAccumulation()
            optimizer.step(rate: 2e-4, gradientScale: 1)
        }
    }

    @Test func detectionsAreTheSame() throws {
        let found = network.detect(images, targets)
        for (i, objects) in found.enumerated() {
            #expect(objects.map { Int($0.label) } == (try golden.integers("detections.\(i).labels")))
            expectClose(
                objects.map(\.score), try golden.floats("detections.\(i).scores"),
                relative: Tolerance.detector, "scores")
            expectClose(
                objects.flatMap { [$0.box.x1, $0.box.y1, $0.box.x2, $0.box.y2] },
                try golden.floats("detections.\(i).boxes"), relative: Tolerance.detector, "boxes")
        }
    }

    @Test func aStepLeavesNoMemoryBehind() {
        let arena = ParameterArena(network.trainedParameters)
        expectNoLeaks {
            arena.beginAccumulation()
            let tape = Tape(recording: true)
            let terms = network.losses(images, targets, tape)
            tape.backward(terms.map { ($0.sum, $0.factor) })
            arena.finishAccumulation()
            _ = network.detect(images, targets)
        }
    }

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
