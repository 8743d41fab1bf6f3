import Detection
import DetectionData
import NN
import Tensors
import TestSupport
import Testing

@testable import Pretraining

/// AlignDet's Faster R-CNN objective against PyTorch's numbers for the same network, boxes and maps.
@Suite(.serialized) struct AlignDetFasterRCNNTests {
    private let fixture: GoldenRegionObjective

    init() throws { fixture = try GoldenRegionObjective() }

    @Test(arguments: ["rpn_cls", "rpn_bbox", "bbox"], [true, false])
    func supervisedPartsAndTheirGradientsMatch(part: String, isFaithful: Bool) throws {
        try fixture.given.expectLoss(
            "loss_\(part)", of: fixture.make(isFaithful: isFaithful).objective, named: part)
    }

    /// In the published form proposal 256 of a batch is background.
    @Test(arguments: ["faithful", "corrected"]) func contrastAndItsGradientsMatch(mode: String) throws {
        try fixture.given.expectLoss(
            "loss_contrastive", of: fixture.make(isFaithful: mode == "faithful").objective, named: mode)
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
                regions.boxes, try fixture.golden.boxes("view1.regions.\(i)"),
                relative: GoldenViews.tolerance)
        }
    }

    @Test func theTargetFollowsAllButTheBoxes() throws {
        try fixture.make(isFaithful: false).objective.expectTargetFollows { !$0.contains("fc_reg") }
    }
}
