import Detection
import NN
import Tensors
import TestSupport
import Testing

@testable import Pretraining

/// AlignDet's objective against PyTorch's numbers for the same network, boxes and maps.
@Suite(.serialized) struct AlignDetObjectiveTests {
    private let fixture: GoldenObjective

    init() throws { fixture = try GoldenObjective() }

    @Test(arguments: ContrastVariant.allCases)
    func contrastAndItsGradientsMatch(variant: ContrastVariant) throws {
        let settings = fixture.settings(
            isFaithful: variant.isFaithful, samplesNegatives: variant.samplesNegatives)
        try fixture.given.expectLoss(
            "loss_contrastive", of: fixture.make(settings), named: variant.rawValue)
    }

    @Test(arguments: [true, false]) func boxLossAndItsGradientsMatch(isFaithful: Bool) throws {
        let settings = fixture.settings(isFaithful: isFaithful, samplesNegatives: true)
        try fixture.given.expectLoss("loss_bbox", of: fixture.make(settings), named: "box")
    }

    /// The published code attaches most labels to foreign features, the corrected one does not.
    @Test func theTwoFormsDiffer() throws {
        let golden = fixture.golden
        let faithful = try golden.scalar("faithful_all.loss")
        #expect(abs(faithful - (try golden.scalar("corrected_all.loss"))) > 1e-3)
    }

    @Test(arguments: ContrastVariant.allCases)
    func assignmentAndSamplesMatch(variant: ContrastVariant) throws {
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
                settings: settings, offsets: offsets, view: v, moment: GoldenViews.moment)
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

    @Test func theTargetFollowsTheClassBranchOnly() throws {
        try fixture.make(fixture.settings(isFaithful: false, samplesNegatives: true))
            .expectTargetFollows { !$0.contains("reg") }
    }
}
