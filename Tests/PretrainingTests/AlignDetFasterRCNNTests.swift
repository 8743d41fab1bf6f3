import Detection
import DetectionData
import NN
import Tensors
import TestSupport
import Testing

@testable import Pretraining

/// AlignDet's Faster R-CNN objective against PyTorch's numbers for the same network, boxes and maps.
@Suite(.serialized) struct AlignDetFasterRCNNTests {
    /// Of the largest element of a parameter's gradient, and of the loss.
    private static let tolerance = 1e-5

    private let fixture: GoldenRegionObjective
    private let moment = StepMoment(seed: 1, step: 0, stepCount: 100)

    init() throws { fixture = try GoldenRegionObjective() }

    /// Backward through one of the four losses alone, against the fixture's entries below `key`.
    private func expectGradients(isFaithful: Bool, term index: Int, named key: String) throws {
        let objective = fixture.make(isFaithful: isFaithful).objective
        objective.arena.beginAccumulation()
        let tape = Tape(recording: true)
        let terms = objective.losses(fixture.views, at: moment, tape)
        #expect(terms.map(\.name) == objective.lossNames)
        let term = terms[index]
        expectClose(
            Double(term.value), try fixture.golden.scalar("\(key).loss"), relative: Self.tolerance,
            "\(key).loss")
        tape.backward([(term.sum, term.factor)])
        objective.arena.finishAccumulation()
        var reached = 0
        for entry in objective.arena.entries {
            let gradient = try #require(entry.parameter.leaf.gradient)
            let name = "\(key).grad.\(entry.path)"
            if fixture.golden.contains(name) {
                reached += 1
                expectClose(gradient, try fixture.golden.tensor(name), relative: Self.tolerance, name)
            } else {
                #expect(gradient.values.allSatisfy { $0 == 0 }, "\(name) is not 0")
            }
        }
        #expect(reached == fixture.golden.keys.count { $0.hasPrefix("\(key).grad.") })
    }

    @Test(arguments: [(0, "rpn_cls"), (1, "rpn_bbox"), (3, "bbox")], [true, false])
    func supervisedPartsAndTheirGradientsMatch(part: (index: Int, key: String), isFaithful: Bool) throws {
        try expectGradients(isFaithful: isFaithful, term: part.index, named: part.key)
    }

    /// In the published form proposal 256 of a batch is background.
    @Test(arguments: ["faithful", "corrected"]) func contrastAndItsGradientsMatch(mode: String) throws {
        try expectGradients(isFaithful: mode == "faithful", term: 2, named: mode)
    }

    @Test func theTwoFormsDiffer() throws {
        let faithful = try fixture.golden.scalar("faithful.loss")
        #expect(abs(faithful - (try fixture.golden.scalar("corrected.loss"))) > 1e-3)
    }

    /// The first stage's proposals, matched: the target's own boxes come first.
    @Test func matchedRegionsAreTheSame() throws {
        let online = fixture.make(isFaithful: false).online
        let (silent, view) = (Tape(recording: false), fixture.views[0])
        let pyramid = online.neck(online.backbone(view.images(), silent), silent)
        let proposals = online.proposer.propose(
            pyramid, online.rpnHead, inputShape: view.images().shape, view.targets,
            limits: online.proposer.settings.training,
            silent)
        let sampled = online.regions.sample(proposals, view.targets, DrawKey(seed: 1, step: 0))
        for (i, regions) in sampled.enumerated() {
            #expect(regions.positiveCount == regions.boxes.count)
            expectClose(
                regions.boxes.flatMap { [$0.x1, $0.y1, $0.x2, $0.y2] },
                try fixture.golden.floats("view1.regions.\(i)"), relative: Self.tolerance)
        }
    }

    @Test func theTargetFollowsAllButTheBoxes() throws {
        let (objective, online) = fixture.make(isFaithful: false)
        let source = Dictionary(uniqueKeysWithValues: online.namedTensors.map { ($0.path, $0.tensor) })
        let before = objective.companionTensors.map { ($0.path, $0.tensor.values) }
        #expect(
            Set(before.map(\.0)) == Set(source.keys.filter { !$0.contains("fc_reg") }.map { "target." + $0 }))
        objective.didUpdate(at: moment)
        for ((path, old), (_, tensor)) in zip(before, objective.companionTensors) {
            let new = try #require(source[String(path.dropFirst("target.".count))]).values
            let expected = zip(old, new).map { 0.996 * Double($0) + 0.004 * Double($1) }
            expectClose(tensor.values.map { Double($0) }, expected, relative: Tolerance.rounding, path)
        }
    }
}
