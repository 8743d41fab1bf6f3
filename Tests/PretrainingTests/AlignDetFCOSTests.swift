import Detection
import DetectionData
import NN
import Tensors
import TestSupport
import Testing

@testable import Pretraining

/// AlignDet's FCOS objective against PyTorch's numbers for the same network, boxes and maps.
@Suite(.serialized) struct AlignDetFCOSTests {
    private let fixture: GoldenPointObjective

    init() throws { fixture = try GoldenPointObjective() }

    @Test(arguments: ContrastVariant.allCases)
    func contrastAndItsGradientsMatch(variant: ContrastVariant) throws {
        let settings = GoldenPointObjective.settings(samplesNegatives: variant.samplesNegatives)
        try fixture.given.expectLoss(
            "loss_contrastive", of: fixture.make(isFaithful: variant.isFaithful, settings),
            named: variant.rawValue)
    }

    @Test(arguments: [true, false]) func boxAndCentrenessLossAndTheirGradientsMatch(isFaithful: Bool) throws {
        let objective = fixture.make(
            isFaithful: isFaithful, GoldenPointObjective.settings(samplesNegatives: true))
        let mode = isFaithful ? "faithful" : "corrected"
        for part in ["bbox", "centerness"] {
            try fixture.given.expectLoss("loss_\(part)", of: objective, named: "\(mode)_\(part)")
        }
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
            view: view, moment: GoldenViews.moment)
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
        let settings = GoldenPointObjective.settings(samplesNegatives: true)
        try fixture.make(isFaithful: false, settings).expectTargetFollows {
            $0.hasPrefix("neck") || $0.contains(".cls_convs.") || $0.contains("conv_cls")
        }
    }
}
