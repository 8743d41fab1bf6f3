import DetectionData
import NN
import Tensors
import TestSupport
import Testing

@testable import Detection

/// A two-stage detector against torchvision's, from the same weights and images: `Golden/rcnn`.
struct TwoStageParity {
    let golden: GoldenTensors
    let network: FasterRCNN
    let images: Tensor
    let targets: [Target]
    private let makeSmall: () -> FasterRCNN
    private let draws = DrawKey(seed: 0, step: 0)
    /// torchvision's names of our losses.
    private let names = [
        "loss_rpn_cls": "loss_objectness", "loss_rpn_bbox": "loss_rpn_box_reg", "loss_cls": "loss_classifier",
        "loss_bbox": "loss_box_reg", "loss_mask": "loss_mask",
    ]

    /// - make: the detector, or its smaller form that gradients are compared on.
    init(_ file: String, make: @escaping (_ small: Bool) -> FasterRCNN) throws {
        golden = try GoldenTensors("rcnn/\(file).safetensors")
        network = make(false)
        makeSmall = { make(true) }
        TorchvisionFasterRCNN.fill(network)
        images = GoldenWeights.images(
            try #require(golden.metadata["input.name"]), count: 2, channels: 3, height: 64, width: 96,
            scale: 2)
        let file = golden
        targets = try (0..<2).map { i in
            try Self.target(file.floats("boxes.\(i)"), file.labels("labels.\(i)"), width: 96, height: 64)
        }
    }

    /// Labels without torchvision's background.
    private static func target(_ corners: [Float], _ labels: [Int32], width: Int, height: Int) throws
        -> Target
    {
        outlined(makeBoxes(corners), labels.map { $0 - 1 }, width: width, height: height)
    }

    /// Boxes with the ellipses inside them as outlines.
    static func outlined(_ boxes: [Box], _ labels: [Int32], width: Int, height: Int) -> Target {
        var target = makeTarget(boxes, labels: labels, width: width, height: height)
        target.masks = boxes.map { box in
            let (cx, cy) = (Double(box.x1 + box.x2) / 2, Double(box.y1 + box.y2) / 2)
            let (rx, ry) = (Double(box.width) / 2, Double(box.height) / 2)
            let pixels = (0..<(width * height)).map { p -> UInt8 in
                let (x, y) = ((Double(p % width) + 0.5 - cx) / rx, (Double(p / width) + 0.5 - cy) / ry)
                return x * x + y * y <= 1 ? 1 : 0
            }
            return .runs(RLEMask(width: width, height: height, pixels: pixels))
        }
        return target
    }

    private func corners(_ boxes: [Box]) -> [Float] { boxes.flatMap { [$0.x1, $0.y1, $0.x2, $0.y2] } }

    func pyramidAndProposalsMatch() throws {
        let tape = Tape(recording: false)
        let pyramid = network.neck(network.backbone(images, tape), tape)
        for (level, map) in pyramid.enumerated() {
            try expectDigest(map.tensor, golden, "p\(level + 2)", relative: Tolerance.detector)
        }
        let proposals = network.proposer.propose(
            pyramid, network.rpnHead, inputShape: images.shape, targets,
            limits: network.proposer.settings.training, tape)
        for (i, boxes) in proposals.enumerated() {
            expectClose(
                corners(boxes), try golden.floats("proposals.\(i)"), relative: Tolerance.detector, "proposals"
            )
        }
    }

    private func expectLosses(_ terms: [LossTerm], prefix: String = "") throws {
        #expect(terms.map(\.name) == network.lossNames)
        for term in terms {
            let key = try #require(names[term.name])
            expectClose(
                Double(term.value), try golden.scalar("\(prefix)loss.\(key)"), relative: Tolerance.detector,
                "loss \(key)")
        }
    }

    func lossesMatch() throws {
        try expectLosses(network.losses(images, targets, draws: draws, Tape(recording: false)))
    }

    /// On an image that lies far from all kinks: `make_rcnn.py` says why.
    func everyGradientMatches(kernels: KernelSet) throws {
        let images = GoldenWeights.images(
            try #require(golden.metadata["small.name"]), count: 1, channels: 3, height: 64, width: 64,
            scale: 2)
        let target = try Self.target(
            golden.floats("small.boxes"), golden.labels("small.labels"), width: 64, height: 64)
        let network = makeSmall()
        TorchvisionFasterRCNN.fill(network)
        let keys = try golden.note("gradient.names", as: [String].self)
        let trained = network.trainedParameters
        #expect(Set(trained.map { TorchvisionFasterRCNN.name($0.path) }) == Set(keys))
        #expect(trained.count == keys.count)
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
        let count = positions.count / keys.count
        let row = Dictionary(uniqueKeysWithValues: keys.enumerated().map { ($1, $0) })
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

    func tenStepsGiveTheSameLosses() throws {
        let history = try golden.doubles("steps.losses")
        let keys = try golden.note("loss.names", as: [String].self)
        let arena = ParameterArena(network.trainedParameters)
        let optimizer = SGD(arena, momentum: 0.9, weightDecay: 1e-4)
        for step in 0..<10 {
            arena.beginAccumulation()
            let tape = Tape(recording: true)
            let terms = network.losses(images, targets, draws: draws, tape)
            for term in terms {
                let key = try #require(names[term.name])
                let i = try #require(keys.firstIndex(of: key))
                expectClose(
                    Double(term.value), history[keys.count * step + i], relative: Tolerance.tenSteps,
                    "step \(step) \(term.name)")
            }
            tape.backward(terms.map { ($0.sum, $0.factor) })
            arena.finishAccumulation()
            optimizer.step(rate: 2e-5, gradientScale: 1)
        }
    }

    func detectionsAreTheSame() throws {
        let found = network.detect(images, targets)
        for (i, objects) in found.enumerated() {
            #expect(objects.map { Int($0.label) + 1 } == (try golden.integers("detections.\(i).labels")))
            expectClose(
                objects.map(\.score), try golden.floats("detections.\(i).scores"),
                relative: Tolerance.detector,
                "scores")
            expectClose(
                corners(objects.map(\.box)), try golden.floats("detections.\(i).boxes"),
                relative: Tolerance.detector, "boxes")
        }
    }

    /// The small maps that masks are pasted from.
    func masksAreTheSame() throws {
        let branch = try #require(network.masks)
        let tape = Tape(recording: false)
        let pyramid = network.neck(network.backbone(images, tape), tape)
        let found = network.detect(images, targets)
        let maps = branch.probabilities(pyramid, found, tape)
        var row = 0
        for (i, objects) in found.enumerated() {
            try expectDigest(
                maps.prefix(row..<(row + objects.count)), golden, "detections.\(i).masks",
                relative: Tolerance.detector)
            row += objects.count
            #expect(objects.allSatisfy { $0.mask?.width == 96 && $0.mask?.height == 64 })
        }
    }

    func aStepLeavesNoMemoryBehind() {
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
