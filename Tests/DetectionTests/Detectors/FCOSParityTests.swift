import DetectionData
import NN
import Tensors
import TestSupport
import Testing

@testable import Detection

/// FCOS against torchvision's, from the same weights and images: `Golden/fcos/fcos`.
@Suite(.serialized) struct FCOSParityTests {
    private let golden: GoldenTensors
    private let network = TorchvisionFCOS.make()
    private let images: Tensor
    private let targets: [Target]
    private let draws = DrawKey(seed: 0, step: 0)

    init() throws {
        let golden = try GoldenTensors("fcos/fcos.safetensors")
        self.golden = golden
        TorchvisionFCOS.weights.fill(network, name: TorchvisionFCOS.name)
        images = GoldenWeights.images(
            try #require(golden.metadata["input.name"]), count: 2, channels: 3, height: 128, width: 160,
            scale: 2)
        targets = try (0..<2).map { i in
            makeTarget(
                makeBoxes(try golden.floats("boxes.\(i)")), labels: try golden.labels("labels.\(i)"),
                width: 160,
                height: 128)
        }
    }

    @Test func outputsMatch() throws {
        let tape = Tape(recording: false)
        let pyramid = network.neck(network.backbone(images, tape), tape)
        for (level, map) in pyramid.enumerated() {
            try expectDigest(map.tensor, golden, "p\(level + 3)", relative: Tolerance.detector)
        }
        let output = network.head(pyramid, tape)
        for level in 0..<5 {
            let key = "p\(level + 3)"
            try expectDigest(
                output.logits[level].tensor, golden, "cls_logits.\(key)", relative: Tolerance.detector)
            // There the head itself cuts negative distances off.
            try expectDigest(
                tape.relu(output.boxes.distances[level]).tensor, golden, "bbox_regression.\(key)",
                relative: Tolerance.detector)
            try expectDigest(
                output.boxes.centreness[level].tensor, golden, "bbox_ctrness.\(key)",
                relative: Tolerance.detector)
        }
    }

    @Test func pointsMatch() throws {
        let points = network.pointGenerator.points(
            [(16, 20), (8, 10), (4, 5), (2, 3), (1, 2)], inputHeight: 128, inputWidth: 160)
        let own = points.levels.flatMap { level in
            (0..<level.count).flatMap { [level.x($0 % level.width), level.y($0 / level.width)] }
        }
        #expect(own == (try golden.floats("centres")))
    }

    private func expectLosses(_ terms: [LossTerm], prefix: String = "") throws {
        #expect(terms.map(\.name) == network.lossNames)
        for (term, key) in zip(terms, ["classification", "bbox_regression", "bbox_ctrness"]) {
            expectClose(
                Double(term.value), try golden.scalar("\(prefix)loss.\(key)"), relative: Tolerance.detector,
                key)
        }
    }

    @Test func lossesMatch() throws {
        try expectLosses(network.losses(images, targets, draws: draws, Tape(recording: false)))
    }

    /// On an image that lies far from all kinks: `make_fcos.py` says why.
    @Test(arguments: [KernelSet.fast, .plain])
    func everyGradientMatches(kernels: KernelSet) throws {
        let images = GoldenWeights.images(
            try #require(golden.metadata["small.name"]), count: 1, channels: 3, height: 64, width: 64,
            scale: 2)
        let target = makeTarget(
            makeBoxes(try golden.floats("small.boxes")), labels: try golden.labels("small.labels"), width: 64,
            height: 64)
        let names = try golden.note("gradient.names", as: [String].self)
        let trained = network.trainedParameters
        #expect(Set(trained.map { TorchvisionFCOS.name($0.path) }) == Set(names))
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
            let i = try #require(row[TorchvisionFCOS.name(path)], "\(path)")
            let gradient = try #require(parameter.leaf.gradient)
            expectDigest(
                gradient, positions: Array(positions[(i * count)..<((i + 1) * count)]),
                samples: Array(samples[(i * count)..<((i + 1) * count)]), norm: norms[i], sum: sums[i],
                relative: Tolerance.detector, "gradient \(path)")
        }
    }

    @Test func tenStepsGiveTheSameLosses() throws {
        let history = try golden.doubles("steps.losses")
        let arena = ParameterArena(network.trainedParameters)
        let optimizer = SGD(arena, momentum: 0.9, weightDecay: 1e-4)
        for step in 0..<10 {
            arena.beginAccumulation()
            let tape = Tape(recording: true)
            let terms = network.losses(images, targets, draws: draws, tape)
            for (i, term) in terms.enumerated() {
                expectClose(
                    Double(term.value), history[3 * step + i], relative: Tolerance.tenSteps,
                    "step \(step) \(term.name)")
            }
            tape.backward(terms.map { ($0.sum, $0.factor) })
            arena.finishAccumulation()
            optimizer.step(rate: 1e-4, gradientScale: 1)
        }
    }

    @Test func detectionsAreTheSame() throws {
        for (i, objects) in network.detect(images, targets).enumerated() {
            #expect(objects.map { Int($0.label) } == (try golden.integers("detections.\(i).labels")))
            expectClose(
                objects.map(\.score), try golden.floats("detections.\(i).scores"),
                relative: Tolerance.detector,
                "scores")
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
            let terms = network.losses(images, targets, draws: draws, tape)
            tape.backward(terms.map { ($0.sum, $0.factor) })
            arena.finishAccumulation()
            _ = network.detect(images, targets)
        }
    }
}
