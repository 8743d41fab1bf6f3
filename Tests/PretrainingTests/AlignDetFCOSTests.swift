import Detection
import DetectionData
import NN
import Tensors
import TestSupport
import Testing

@testable import Pretraining

/// AlignDet's FCOS objective against PyTorch's numbers for the same network, boxes and maps.
@Suite(.serialized) struct AlignDetFCOSTests {
    /// Of the largest element of a parameter's gradient, and of the loss.
    private static let tolerance = 1e-5

    private let fixture: GoldenPointObjective
    private let moment = StepMoment(seed: 1, step: 0, stepCount: 100)

    init() throws { fixture = try GoldenPointObjective() }

    enum Variant: String, CaseIterable {
        case faithfulPositives = "faithful_positives"
        case faithfulAll = "faithful_all"
        case correctedPositives = "corrected_positives"
        case correctedAll = "corrected_all"

        var isFaithful: Bool { rawValue.hasPrefix("faithful") }
        var samplesNegatives: Bool { rawValue.hasSuffix("all") }
    }

    /// Backward through one of the three losses alone, against the fixture's entries below `key`.
    private func expectGradients(of objective: AlignDetFCOS, term index: Int, named key: String) throws {
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
            let gradient = try #require(entry.parameter.leaf.gradient).values
            let name = "\(key).grad.\(entry.path)"
            if fixture.golden.contains(name) {
                reached += 1
                expectClose(gradient, try fixture.golden.floats(name), relative: Self.tolerance, name)
            } else {
                #expect(gradient.allSatisfy { $0 == 0 }, "\(name) is not 0")
            }
        }
        #expect(reached == fixture.golden.keys.count { $0.hasPrefix("\(key).grad.") })
    }

    @Test(arguments: Variant.allCases) func contrastAndItsGradientsMatch(variant: Variant) throws {
        let settings = GoldenPointObjective.settings(samplesNegatives: variant.samplesNegatives)
        try expectGradients(
            of: fixture.make(isFaithful: variant.isFaithful, settings), term: 0, named: variant.rawValue)
    }

    @Test(arguments: [true, false]) func boxAndCentrenessLossAndTheirGradientsMatch(isFaithful: Bool) throws {
        let objective = fixture.make(
            isFaithful: isFaithful, GoldenPointObjective.settings(samplesNegatives: true))
        let mode = isFaithful ? "faithful" : "corrected"
        try expectGradients(of: objective, term: 1, named: "\(mode)_bbox")
        try expectGradients(of: objective, term: 2, named: "\(mode)_centerness")
    }

    private func sampled(
        view: Int, isFaithful: Bool, _ settings: AlignDetSettings, offsets: [Int32]
    ) -> SampledPoints {
        let batch = fixture.views[view]
        let generator = GoldenPointObjective.generator(isFaithful: isFaithful)
        let points = generator.points(
            [8, 16, 32, 64, 128].map { ((batch.height + $0 - 1) / $0, (batch.width + $0 - 1) / $0) },
            inputHeight: batch.height, inputWidth: batch.width)
        return SampledPoints(
            batch.targets, points, matcher: GoldenPointObjective.matcher, settings: settings,
            offsets: offsets,
            view: view, moment: moment)
    }

    @Test(arguments: [true, false], [0, 1]) func everyPointHasItsProposal(isFaithful: Bool, view: Int) throws
    {
        let points = sampled(
            view: view, isFaithful: isFaithful, GoldenPointObjective.settings(samplesNegatives: true),
            offsets: [0, 5])
        let mode = isFaithful ? "faithful" : "corrected"
        #expect(
            points.labels.map { Int($0) } == (try fixture.golden.integers("\(mode).view\(view + 1).labels")))
        #expect(points.positives.count == points.labels.count { $0 >= 0 })
    }

    /// All images of a micro-batch share one draw; positives come first.
    @Test func theCountIsThatOfTheWholeBatch() throws {
        var settings = GoldenPointObjective.settings(samplesNegatives: true)
        settings.sampler = RandomSampler(count: 300)
        let some = sampled(view: 0, isFaithful: false, settings, offsets: [0, 5])
        #expect(some.labels.count == 300 && some.cells.reduce(0) { $0 + $1.count } == 300)
        #expect(some.positives.count == 273)
        settings.sampler = RandomSampler(count: 100)
        let few = sampled(view: 0, isFaithful: false, settings, offsets: [0, 5])
        #expect(few.labels.count == 100 && few.positives.count == 100)
    }

    /// In the published code proposal 256 of a batch is background, and later ones are never drawn.
    @Test func labelsCollideWithTheBackgroundWhereAskedFor() throws {
        let offsets: [Int32] = [254, 300]
        let all = GoldenPointObjective.settings(samplesNegatives: true)
        let clean = sampled(view: 0, isFaithful: false, all, offsets: offsets)
        let published = sampled(
            view: 0, isFaithful: false,
            GoldenPointObjective.settings(samplesNegatives: true, background: .embeddingDimension),
            offsets: offsets)
        #expect(Set(clean.labels) == [-1, 254, 255, 256, 257, 300, 301, 302, 303])
        #expect(Set(published.labels) == [254, 255, 256])
        let background = clean.labels.count { $0 == -1 || $0 == 256 }
        #expect(published.labels.count { $0 == 256 } == background)
        #expect(published.positives.count == clean.labels.count { $0 == 254 || $0 == 255 })
    }

    @Test func theTargetFollowsTheClassBranchOnly() throws {
        let objective = fixture.make(
            isFaithful: false, GoldenPointObjective.settings(samplesNegatives: true))
        let online = Dictionary(
            uniqueKeysWithValues: objective.network.namedTensors.map { ($0.path, $0.tensor) })
        let before = objective.companionTensors.map { ($0.path, $0.tensor.values) }
        let followed = online.keys.filter {
            $0.hasPrefix("neck") || $0.contains(".cls_convs.") || $0.contains("conv_cls")
        }
        #expect(Set(before.map(\.0)) == Set(followed.map { "target." + $0 }))
        objective.didUpdate(at: moment)
        for ((path, old), (_, tensor)) in zip(before, objective.companionTensors) {
            let source = try #require(online[String(path.dropFirst("target.".count))]).values
            let expected = zip(old, source).map { 0.996 * Double($0) + 0.004 * Double($1) }
            expectClose(tensor.values.map { Double($0) }, expected, relative: Tolerance.rounding, path)
        }
    }
}
