import Detection
import DetectionData
import NN
import Tensors
import TestSupport
import Testing

@testable import Pretraining

/// The objective for Cascade R-CNN against AlignDet's published form and its correction written out in PyTorch.
@Suite(.serialized) struct AlignDetCascadeRCNNTests {
    /// Of the largest element of a parameter's gradient, and of the loss.
    private static let tolerance = 1e-5

    private let fixture: GoldenCascadeObjective
    private let moment = StepMoment(seed: 1, step: 0, stepCount: 100)

    init() throws { fixture = try GoldenCascadeObjective() }

    /// Backward through one of the losses alone, against the fixture's entries below `key`.
    private func expectGradients(isFaithful: Bool, term name: String, named key: String) throws {
        let objective = fixture.make(isFaithful: isFaithful).objective
        objective.arena.beginAccumulation()
        let tape = Tape(recording: true)
        let terms = objective.losses(fixture.views, at: moment, tape)
        #expect(terms.map(\.name) == objective.lossNames)
        let term = try #require(terms.first { $0.name == name })
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

    @Test(arguments: [("loss_rpn_cls", "rpn_cls"), ("loss_rpn_bbox", "rpn_bbox")], [true, false])
    func proposingMatches(part: (term: String, key: String), isFaithful: Bool) throws {
        try expectGradients(isFaithful: isFaithful, term: part.term, named: part.key)
    }

    /// Background repels; as published all stages look at the first stage's proposals, and proposal 256 is background.
    @Test(arguments: ["contrastive", "bbox"], 0..<3)
    func publishedStagesMatch(loss: String, stage: Int) throws {
        try expectGradients(
            isFaithful: true, term: "s\(stage).loss_\(loss)", named: "faithful.s\(stage).\(loss)")
    }

    /// Corrected, each stage of both networks looks at what its own stage before moved.
    @Test(arguments: ["contrastive", "bbox"], 0..<3)
    func correctedStagesMatch(loss: String, stage: Int) throws {
        try expectGradients(
            isFaithful: false, term: "s\(stage).loss_\(loss)", named: "corrected.s\(stage).\(loss)")
    }

    @Test func theTwoFormsDiffer() throws {
        for s in 0..<3 {
            for loss in ["contrastive", "bbox"] {
                let faithful = try fixture.golden.scalar("faithful.s\(s).\(loss).loss")
                #expect(abs(faithful - (try fixture.golden.scalar("corrected.s\(s).\(loss).loss"))) > 1e-4)
            }
        }
    }

    @Test func theTargetFollowsEverything() throws {
        let (objective, online) = fixture.make(isFaithful: false)
        let source = Dictionary(uniqueKeysWithValues: online.namedTensors.map { ($0.path, $0.tensor) })
        let before = objective.companionTensors.map { ($0.path, $0.tensor.values) }
        #expect(Set(before.map(\.0)) == Set(source.keys.map { "target." + $0 }))
        objective.didUpdate(at: moment)
        for ((path, old), (_, tensor)) in zip(before, objective.companionTensors) {
            let new = try #require(source[String(path.dropFirst("target.".count))]).values
            let expected = zip(old, new).map { 0.996 * Double($0) + 0.004 * Double($1) }
            expectClose(tensor.values.map { Double($0) }, expected, relative: Tolerance.rounding, path)
        }
    }
}
