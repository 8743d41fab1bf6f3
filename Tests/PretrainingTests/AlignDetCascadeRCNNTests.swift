import Detection
import DetectionData
import NN
import Tensors
import TestSupport
import Testing

@testable import Pretraining

/// The objective for Cascade R-CNN against AlignDet's published form and its correction written out in PyTorch.
@Suite(.serialized) struct AlignDetCascadeRCNNTests {
    private let fixture: GoldenCascadeObjective

    init() throws { fixture = try GoldenCascadeObjective() }

    @Test(arguments: [("loss_rpn_cls", "rpn_cls"), ("loss_rpn_bbox", "rpn_bbox")], [true, false])
    func proposingMatches(part: (term: String, key: String), isFaithful: Bool) throws {
        try fixture.given.expectLoss(
            part.term, of: fixture.make(isFaithful: isFaithful), named: part.key)
    }

    /// Background repels; as published all stages look at the first stage's proposals, and proposal 256 is background.
    @Test(arguments: ["contrastive", "bbox"], 0..<3)
    func publishedStagesMatch(loss: String, stage: Int) throws {
        try fixture.given.expectLoss(
            "s\(stage).loss_\(loss)", of: fixture.make(isFaithful: true),
            named: "faithful.s\(stage).\(loss)")
    }

    /// Corrected, each stage of both networks looks at what its own stage before moved.
    @Test(arguments: ["contrastive", "bbox"], 0..<3)
    func correctedStagesMatch(loss: String, stage: Int) throws {
        try fixture.given.expectLoss(
            "s\(stage).loss_\(loss)", of: fixture.make(isFaithful: false),
            named: "corrected.s\(stage).\(loss)")
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
        try fixture.make(isFaithful: false).expectTargetFollows { _ in true }
    }
}
