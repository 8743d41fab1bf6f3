import DetectionData
import NN
import Tensors
import TestSupport
import Testing

@testable import Detection

/// Cascade Mask R-CNN against mmdetection's form of it written out in PyTorch: `Golden/cascade`.
@Suite(.serialized) struct CascadeParityTests {
    private let fixture: GoldenCascade
    private let parity: DetectorParity
    private let draws = DrawKey(seed: 0, step: 0)

    private var images: Tensor { parity.images }
    private var targets: [Target] { parity.targets }
    private var golden: GoldenTensors { fixture.golden }
    private var network: CascadeRCNN { fixture.network }

    init() throws {
        fixture = try GoldenCascade()
        parity = try fixture.parity(
            images: "input.name", boxes: ["boxes.0", "boxes.1"], width: 96, height: 64)
    }

    private var pyramid: [Variable] {
        let tape = Tape(recording: false)
        return network.neck(network.backbone(images, tape), tape)
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
                    sorted(boxes), sorted(try golden.boxes("stage\(s).regions.\(i)")),
                    relative: Tolerance.detector, "stage \(s) image \(i)")
            }
            let sampled = stage.settings.sample(regions, targets, draws, stage: s)
            let output = stage.boxHead(network.extractor(pyramid, sampled.map(\.boxes), tape), tape)
            regions = stage.settings.refined(sampled, output.deltas.tensor, targets)
        }
    }

    private func sorted(_ boxes: [Box]) -> [Box] {
        boxes.sorted { ($0.x1, $0.y1, $0.x2) < ($1.x1, $1.y1, $1.x2) }
    }

    @Test func lossesMatch() throws { try parity.lossesMatch() }

    /// On an image that lies far from all kinks: `make_cascade.py` says why.
    @Test(arguments: [KernelSet.fast, .plain])
    func everyGradientMatches(kernels: KernelSet) throws {
        try fixture.parity(
            images: "small.name", boxes: ["small.boxes"], width: 64, height: 64, prefix: "small."
        ).everyGradientMatches(kernels: kernels)
    }

    @Test func tenStepsGiveTheSameLosses() throws { try parity.tenStepsGiveTheSameLosses(rate: 2e-5) }

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
            regions.flatMap { $0 }, try golden.boxes("judged.regions"), relative: Tolerance.detector,
            "regions")
    }

    @Test func detectionsAreTheSame() throws {
        let found = network.detect(images, targets)
        try expectDetections(found, golden)
        #expect(found.joined().allSatisfy { $0.mask?.width == 96 && $0.mask?.height == 64 })
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
        arena.backward { tape in
            network.losses(images, targets, draws: draws, tape).filter { $0.name.hasPrefix("s2.") }
        }
        for (path, parameter) in network.trainedParameters where path.hasPrefix("roi_head.") {
            let gradient = try #require(parameter.leaf.gradient)
            let isReached = gradient.values.contains { $0 != 0 }
            #expect(isReached == path.contains("_head.2."), "\(path)")
        }
    }

    @Test func aStepLeavesNoMemoryBehind() { parity.aStepLeavesNoMemoryBehind() }
}
