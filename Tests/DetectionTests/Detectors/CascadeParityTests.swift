import DetectionData
import NN
import Tensors
import TestSupport
import Testing

@testable import Detection

/// Cascade Mask R-CNN against mmdetection's form of it written out in PyTorch: `Golden/cascade`.
@Suite(.serialized) struct CascadeParityTests {
    private let fixture: GoldenCascade
    private let images: Tensor
    private let targets: [Target]
    private let draws = DrawKey(seed: 0, step: 0)

    private var golden: GoldenTensors { fixture.golden }
    private var network: CascadeRCNN { fixture.network }

    init() throws {
        fixture = try GoldenCascade()
        (images, targets) = try fixture.batch("input", count: 2, width: 96, height: 64)
    }

    private func corners(_ boxes: [Box]) -> [Float] { boxes.flatMap { [$0.x1, $0.y1, $0.x2, $0.y2] } }

    private var pyramid: [Variable] {
        let tape = Tape(recording: false)
        return network.neck(network.backbone(images, tape), tape)
    }

    private func expectLosses(_ terms: [LossTerm], prefix: String = "") throws {
        #expect(terms.map(\.name) == network.lossNames)
        for term in terms {
            expectClose(
                Double(term.value), try golden.scalar(prefix + term.name), relative: Tolerance.detector,
                term.name)
        }
    }

    /// Each stage's regions: what the stage before moved, without the boxes that were given.
    @Test func everyStageStartsFromTheSameRegions() throws {
        let tape = Tape(recording: false)
        let pyramid = pyramid
        for (level, map) in pyramid.enumerated() {
            try expectDigest(map.tensor, golden, "p\(level + 2)", relative: Tolerance.detector)
        }
        var regions = network.proposer.propose(
            pyramid, network.rpnHead, inputShape: images.shape, targets,
            limits: network.proposer.settings.training, tape)
        for (s, stage) in network.stages.enumerated() {
            for (i, boxes) in regions.enumerated() {
                // The order within an image is the sampler's.
                expectClose(
                    sorted(boxes), sorted(makeBoxes(try golden.floats("stage\(s).regions.\(i)"))),
                    relative: Tolerance.detector, "stage \(s) image \(i)")
            }
            let sampled = stage.settings.sample(regions, targets, draws, stage: s)
            let output = stage.boxHead(network.extractor(pyramid, sampled.map(\.boxes), tape), tape)
            regions = stage.settings.refined(sampled, output.deltas.tensor, targets)
        }
    }

    private func sorted(_ boxes: [Box]) -> [Float] {
        corners(boxes.sorted { ($0.x1, $0.y1, $0.x2) < ($1.x1, $1.y1, $1.x2) })
    }

    @Test func lossesMatch() throws {
        try expectLosses(network.losses(images, targets, draws: draws, Tape(recording: false)))
    }

    /// On an image that lies far from all kinks: `make_cascade.py` says why.
    @Test(arguments: [KernelSet.fast, .plain])
    func everyGradientMatches(kernels: KernelSet) throws {
        let (images, targets) = try fixture.batch("small", count: 1, width: 64, height: 64)
        let keys = try golden.note("gradient.names", as: [String].self)
        let trained = network.trainedParameters
        #expect(Set(trained.map(\.path)) == Set(keys) && trained.count == keys.count)
        let arena = ParameterArena(trained)
        arena.beginAccumulation()
        try kernels.run {
            let tape = Tape(recording: true)
            let terms = network.losses(images, targets, draws: draws, tape)
            try expectLosses(terms, prefix: "small.")
            tape.backward(terms.map { ($0.sum, $0.factor) })
        }
        arena.finishAccumulation()

        let positions = try golden.integers("gradient.positions")
        let samples = try golden.doubles("gradient.samples")
        let (norms, sums) = (try golden.doubles("gradient.norm"), try golden.doubles("gradient.sum"))
        let count = positions.count / keys.count
        for (i, key) in keys.enumerated() {
            let parameter = try #require(trained.first { $0.path == key }?.parameter, "\(key)")
            expectDigest(
                try #require(parameter.leaf.gradient),
                positions: Array(positions[(i * count)..<((i + 1) * count)]),
                samples: Array(samples[(i * count)..<((i + 1) * count)]), norm: norms[i], sum: sums[i],
                relative: Tolerance.detector, "gradient \(key)")
        }
    }

    @Test func tenStepsGiveTheSameLosses() throws {
        let history = try golden.doubles("steps.losses")
        let keys = try golden.note("loss.names", as: [String].self)
        let arena = ParameterArena(network.trainedParameters)
        let optimizer = SGD(arena, momentum: 0.9, weightDecay: 1e-4)
        for step in 0..<10 {
            arena.beginAccumulation()
            let tape = Tape(recording: true)
            let terms = network.losses(images, targets, draws: draws, tape)
            for term in terms {
                let i = try #require(keys.firstIndex(of: term.name))
                expectClose(
                    Double(term.value), history[keys.count * step + i], relative: Tolerance.tenSteps,
                    "step \(step) \(term.name)")
            }
            tape.backward(terms.map { ($0.sum, $0.factor) })
            arena.finishAccumulation()
            optimizer.step(rate: 2e-5, gradientScale: 1)
        }
    }

    /// Class logits are the mean of all stages', boxes the last one's.
    @Test func allStagesJudge() throws {
        let tape = Tape(recording: false)
        let pyramid = pyramid
        let proposals = network.proposer.propose(
            pyramid, network.rpnHead, inputShape: images.shape, targets,
            limits: network.proposer.settings.testing, tape)
        let (output, regions) = network.judge(pyramid, proposals, targets, tape)
        let count = regions.reduce(0) { $0 + $1.count }
        expectClose(
            output.logits.tensor.prefix(0..<count), try golden.tensor("judged.logits"),
            relative: Tolerance.detector, "logits")
        expectClose(
            output.deltas.tensor.prefix(0..<count), try golden.tensor("judged.deltas"),
            relative: Tolerance.detector, "deltas")
        expectClose(
            corners(regions.flatMap { $0 }), try golden.floats("judged.regions"),
            relative: Tolerance.detector,
            "regions")
    }

    @Test func detectionsAreTheSame() throws {
        let found = network.detect(images, targets)
        for (i, objects) in found.enumerated() {
            #expect(objects.map(\.label) == (try golden.labels("detections.\(i).labels")))
            expectClose(
                objects.map(\.score), try golden.floats("detections.\(i).scores"),
                relative: Tolerance.detector,
                "scores")
            expectClose(
                corners(objects.map(\.box)), try golden.floats("detections.\(i).boxes"),
                relative: Tolerance.detector, "boxes")
            #expect(objects.allSatisfy { $0.mask?.width == 96 && $0.mask?.height == 64 })
        }
        let maps = network.meanProbabilities(
            network.stages.compactMap(\.masks), pyramid, found, Tape(recording: false))
        var row = 0
        for (i, objects) in found.enumerated() {
            expectClose(
                maps.prefix(row..<(row + objects.count)), try golden.tensor("detections.\(i).masks"),
                relative: Tolerance.detector, "masks")
            row += objects.count
        }
    }

    /// The last stage's loss does not reach the regions of the ones before, nor their heads.
    @Test func laterStagesDoNotTeachEarlierOnes() throws {
        let arena = ParameterArena(network.trainedParameters)
        arena.beginAccumulation()
        let tape = Tape(recording: true)
        let last = network.losses(images, targets, draws: draws, tape).filter { $0.name.hasPrefix("s2.") }
        tape.backward(last.map { ($0.sum, $0.factor) })
        arena.finishAccumulation()
        for (path, parameter) in network.trainedParameters where path.hasPrefix("roi_head.") {
            let gradient = try #require(parameter.leaf.gradient)
            let isReached = gradient.values.contains { $0 != 0 }
            #expect(isReached == path.contains("_head.2."), "\(path)")
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
