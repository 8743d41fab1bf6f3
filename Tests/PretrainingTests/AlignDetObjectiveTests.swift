import Detection
import NN
import Tensors
import TestSupport
import Testing

@testable import Pretraining

/// AlignDet's objective against PyTorch's numbers for the same network, boxes and maps.
@Suite(.serialized) struct AlignDetObjectiveTests {
    /// Of the largest element of a parameter's gradient, and of the loss.
    private static let tolerance = 1e-5

    private let fixture: GoldenObjective
    private let moment = StepMoment(seed: 1, step: 0, stepCount: 100)

    init() throws { fixture = try GoldenObjective() }

    enum Variant: String, CaseIterable {
        case faithfulPositives = "faithful_positives"
        case faithfulAll = "faithful_all"
        case correctedPositives = "corrected_positives"
        case correctedAll = "corrected_all"

        var isFaithful: Bool { rawValue.hasPrefix("faithful") }
        var samplesNegatives: Bool { rawValue.hasSuffix("all") }
    }

    /// Backward through one of the two losses alone, against the fixture's entries below `key`.
    private func expectGradients(
        of objective: AlignDetRetinaNet, term index: Int, named key: String
    ) throws {
        objective.arena.beginAccumulation()
        let tape = Tape(recording: true)
        let term = objective.losses(fixture.views, at: moment, tape)[index]
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

    @Test(arguments: Variant.allCases) func contrastAndItsGradientsMatch(variant: Variant) throws {
        let settings = fixture.settings(
            isFaithful: variant.isFaithful, samplesNegatives: variant.samplesNegatives)
        try expectGradients(of: fixture.make(settings), term: 0, named: variant.rawValue)
    }

    @Test(arguments: [true, false]) func boxLossAndItsGradientsMatch(isFaithful: Bool) throws {
        let settings = fixture.settings(isFaithful: isFaithful, samplesNegatives: true)
        try expectGradients(of: fixture.make(settings), term: 1, named: "box")
    }

    /// The published code attaches most labels to foreign features, the corrected one does not.
    @Test func theTwoFormsDiffer() throws {
        let golden = fixture.golden
        let faithful = try golden.scalar("faithful_all.loss")
        #expect(abs(faithful - (try golden.scalar("corrected_all.loss"))) > 1e-3)
    }

    @Test(arguments: Variant.allCases) func assignmentAndSamplesMatch(variant: Variant) throws {
        let settings = fixture.settings(
            isFaithful: variant.isFaithful, samplesNegatives: variant.samplesNegatives)
        let offsets: [Int32] = [0, Int32(fixture.views[0].targets[0].boxes.count)]
        let counts = try fixture.golden.integers("\(variant.rawValue).sampled")
        for (v, view) in fixture.views.enumerated() {
            let sizes = fixture.online.anchorGenerator.strides.map {
                ((view.height + $0 - 1) / $0, (view.width + $0 - 1) / $0)
            }
            let anchors = fixture.online.anchorGenerator.anchors(
                sizes, inputHeight: view.height, inputWidth: view.width)
            let sampled = SampledAnchors(
                view.targets, anchors,
                matcher: fixture.online.settings.matcher,
                settings: settings, offsets: offsets, view: v, moment: moment)
            #expect(sampled.rows.reduce(0) { $0 + $1.count } == counts[v])
            #expect(sampled.labels.count == counts[v] && sampled.shapes.count == counts[v])
            var expected = try fixture.golden.integers("view\(v + 1).assigned").map { Int32($0) }
            if !variant.samplesNegatives {
                // What is not drawn no loss reads.
                expected = expected.map { $0 == MaxIoUMatcher.background ? MaxIoUMatcher.ignored : $0 }
            }
            #expect(sampled.assigned.flatMap { $0 } == expected)
            if v == 0 { #expect([sampled.positiveCount] == (try fixture.golden.integers("box.positives"))) }
        }
    }

    /// The momentum network has the class branch's names and follows it: 0.996 stays at the first step.
    @Test func theTargetFollowsTheClassBranchOnly() throws {
        let objective = fixture.make(fixture.settings(isFaithful: false, samplesNegatives: true))
        let online = Dictionary(
            uniqueKeysWithValues: fixture.online.namedTensors.map { ($0.path, $0.tensor) })
        let before = objective.companionTensors.map { ($0.path, $0.tensor.values) }
        #expect(
            Set(before.map(\.0)) == Set(online.keys.filter { !$0.contains("reg") }.map { "target." + $0 }))
        objective.didUpdate(at: moment)
        for ((path, old), (_, tensor)) in zip(before, objective.companionTensors) {
            let source = try #require(online[String(path.dropFirst("target.".count))]).values
            let expected = zip(old, source).map { 0.996 * Double($0) + 0.004 * Double($1) }
            expectClose(tensor.values.map { Double($0) }, expected, relative: Tolerance.rounding, path)
        }
    }
}
