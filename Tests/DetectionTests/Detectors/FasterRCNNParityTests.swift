import DetectionData
import NN
import Tensors
import TestSupport
import Testing

@testable import Detection

/// Faster R-CNN against torchvision's, from the same weights and images: `Golden/rcnn`.
@Suite(.serialized) struct FasterRCNNParityTests {
    private let golden: GoldenTensors
    private let network: FasterRCNN
    private let images: Tensor
    private let targets: [Target]
    private let draws = DrawKey(seed: 0, step: 0)

    init() throws {
        let golden = try GoldenTensors("rcnn/faster.safetensors")
        self.golden = golden
        network = TorchvisionFasterRCNN.make()
        TorchvisionFasterRCNN.fill(network)
        images = GoldenWeights.images(
            try #require(golden.metadata["input.name"]), count: 2, channels: 3, height: 128, width: 160, scale: 2)
        targets = try (0..<2).map { i in
            makeTarget(
                makeBoxes(try golden.floats("boxes.\(i)")), labels: try golden.labels("labels.\(i)").map { $0 - 1 },
                width: 160, height: 128)
        }
    }

    private func corners(_ boxes: [Box]) -> [Float] { boxes.flatMap { [$0.x1, $0.y1, $0.x2, $0.y2] } }

    @Test func pyramidAndProposalsMatch() throws {
        let tape = Tape(recording: false)
        let pyramid = network.neck(network.backbone(images, tape), tape)
        for (level, map) in pyramid.enumerated() {
            try expectDigest(map.tensor, golden, "p\(level + 2)", relative: Tolerance.detector)
        }
        let output = network.rpnHead(pyramid, tape)
        let proposals = ProposalDecoder(settings: network.rpn, anchors: network.anchors(of: output, images))
            .proposals(output, targets, limits: network.rpn.training)
        for (i, boxes) in proposals.enumerated() {
            expectClose(
                corners(boxes), try golden.floats("proposals.\(i)"), relative: Tolerance.detector, "proposals")
        }
    }

    private func expectLosses(_ terms: [LossTerm], prefix: String = "") throws {
        #expect(terms.map(\.name) == network.lossNames)
        let keys = ["loss_objectness", "loss_rpn_box_reg", "loss_classifier", "loss_box_reg"]
        for (term, key) in zip(terms, keys) {
            expectClose(
                Double(term.value), try golden.scalar("\(prefix)loss.\(key)"), relative: Tolerance.detector,
                "loss \(key)")
        }
    }

    @Test func lossesMatch() throws {
        try expectLosses(network.losses(images, targets, draws: draws, Tape(recording: false)))
    }

    /// On an image that lies far from all kinks: `make_rcnn.py` says why.
    @Test(arguments: [KernelSet.fast, .plain])
    func everyGradientMatches(kernels: KernelSet) throws {
        let images = GoldenWeights.images(
            try #require(golden.metadata["small.name"]), count: 1, channels: 3, height: 64, width: 64, scale: 2)
        let target = makeTarget(
            makeBoxes(try golden.floats("small.boxes")),
            labels: try golden.labels("small.labels").map { $0 - 1 }, width: 64, height: 64)
        let names = try golden.note("gradient.names", as: [String].self)
        let trained = network.trainedParameters
        #expect(Set(trained.map { TorchvisionFasterRCNN.name($0.path) }) == Set(names))
        #expect(trained.count == names.count)
        let arena = ParameterArena(trained)
        arena.beginAccumulation()
        try kernels.run {
            let tape = Tape(recording: true)
            let terms = network.losses(images, [target], draws: draws, tape)
            try expectLosses(terms, prefix: "small.")
            tape.backward(terms.map { ($0.sum, $0.factor) })
        }
        arena.finishAccumulation()

        let positions = try golden.integers("gradient.positions")
        let samples = try golden.doubles("gradient.samples")
        let (norms, sums) = (try golden.doubles("gradient.norm"), try golden.doubles("gradient.sum"))
        let count = positions.count / names.count
        let row = Dictionary(uniqueKeysWithValues: names.enumerated().map { ($1, $0) })
        for (path, parameter) in trained {
            let i = try #require(row[TorchvisionFasterRCNN.name(path)], "\(path)")
            let gradient = try #require(parameter.leaf.gradient)
            expectDigest(
                TorchvisionFasterRCNN.toTheirs(path, gradient),
                positions: Array(positions[(i * count)..<((i + 1) * count)]),
                samples: Array(samples[(i * count)..<((i + 1) * count)]), norm: norms[i], sum: sums[i],
                relative: Tolerance.detector, "gradient \(path)")
        }
    }

    @Test func tenStepsGiveTheSameLosses() throws {
        let history = try golden.doubles("steps.losses")
        let names = try golden.note("loss.names", as: [String].self)
        let ours = ["loss_objectness": 0, "loss_rpn_box_reg": 1, "loss_classifier": 2, "loss_box_reg": 3]
        let arena = ParameterArena(network.trainedParameters)
        let optimizer = SGD(arena, momentum: 0.9, weightDecay: 1e-4)
        for step in 0..<10 {
            arena.beginAccumulation()
            let tape = Tape(recording: true)
            let terms = network.losses(images, targets, draws: draws, tape)
            for (i, name) in names.enumerated() {
                let term = terms[try #require(ours[name])]
                expectClose(
                    Double(term.value), history[names.count * step + i], relative: Tolerance.tenSteps,
                    "step \(step) \(name)")
            }
            tape.backward(terms.map { ($0.sum, $0.factor) })
            arena.finishAccumulation()
            optimizer.step(rate: 1e-4, gradientScale: 1)
        }
    }

    @Test func detectionsAreTheSame() throws {
        let found = network.detect(images, targets)
        for (i, objects) in found.enumerated() {
            #expect(objects.map { Int($0.label) + 1 } == (try golden.integers("detections.\(i).labels")))
            expectClose(
                objects.map(\.score), try golden.floats("detections.\(i).scores"), relative: Tolerance.detector,
                "scores")
            expectClose(
                corners(objects.map(\.box)), try golden.floats("detections.\(i).boxes"),
                relative: Tolerance.detector, "boxes")
        }
    }

    @Test func aStepLeavesNoMemoryBehind() {
        let arena = ParameterArena(network.trainedParameters)
        expectNoLeaks {
            arena.beginAccumulation()
            let tape = Tape(recording: true)
            let terms = network.losses(images, targets, draws: draws, tape)
            tape.backward(terms.map { ($0.sum, $0.factor) })
            arena.finishAccumulation()
            _ = network.detect(images, targets)
        }
    }
}
