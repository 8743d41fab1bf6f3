import Detection
import NN
import Tensors
import TestSupport
import Testing

@testable import Pretraining

/// AlignDet's objective of a DETR against PyTorch's numbers for the same network, boxes and maps.
@Suite(.serialized) struct AlignDetDETRTests {
    private let fixture: GoldenAlignDETR

    init() throws { fixture = try GoldenAlignDETR() }

    @Test(arguments: [true, false]) func lossesMatch(isFaithful: Bool) throws {
        let key = isFaithful ? "faithful" : "corrected"
        let objective = fixture.make(isFaithful: isFaithful)
        let terms = objective.losses(fixture.views, at: GoldenViews.moment, Tape(recording: false))
        #expect(terms.map(\.name) == objective.lossNames && terms[0].name == "loss_contrastive")
        expectClose(
            Double(terms[0].value), try fixture.golden.scalar("\(key).contrast.loss"),
            relative: GoldenViews.tolerance)
        // Ours put the last layer's terms first, the fixture puts them in order.
        let own = Array(terms[4...]) + terms[1..<4]
        for (term, number) in zip(own, try fixture.golden.doubles("\(key).own.losses")) {
            expectClose(Double(term.value), number, relative: GoldenViews.tolerance, "\(key) \(term.name)")
        }
    }

    /// Backward through the contrast alone and through the detector's own losses alone.
    @Test(arguments: [true, false], ["contrast", "own"])
    func gradientsMatch(isFaithful: Bool, part: String) throws {
        let key = "\(isFaithful ? "faithful" : "corrected").\(part)"
        let objective = fixture.make(isFaithful: isFaithful)
        objective.arena.backward { tape in
            let terms = objective.losses(fixture.views, at: GoldenViews.moment, tape)
            return part == "own" ? Array(terms[1...]) : [terms[0]]
        }
        // The contrast does not reach classes and boxes, nothing the first self-attention of zeros.
        let untaught =
            ["transformer.decoder.layers.0.self_attn.in_proj_weight"]
            + (part == "own" ? ["projector."] : ["class_embed.", "bbox_embed."])
        try fixture.golden.expectGradientDigests(
            of: objective.arena, key + ".gradient", relative: GoldenViews.tolerance,
            untaught: { path in untaught.contains { path.hasPrefix($0) } }, key)
    }

    /// The momentum network follows everything but the queries, which it shares.
    @Test func theTargetFollowsAllButTheQueries() throws {
        try fixture.make(isFaithful: false).expectTargetFollows { $0 != "query_embed.weight" }
    }

    @Test func aCopiedTargetIsTheSameAndAnIndependentOneOnlyInPart() {
        func differing(_ start: AlignDetSettings.TargetStart) -> Set<String> {
            let objective = fixture.make(isFaithful: false, start: start, fills: false)
            let online = Dictionary(
                uniqueKeysWithValues: objective.network.namedTensors.map { ($0.path, $0.tensor) })
            return Set(
                objective.companionTensors.filter {
                    online[String($0.path.dropFirst(7))]?.values != $0.tensor.values
                }.map(\.path))
        }
        #expect(differing(.copy).isEmpty)
        let own = differing(.independent)
        #expect(own.contains("target.transformer.decoder.layers.1.multihead_attn.out_proj.weight"))
        #expect(own.contains("target.transformer.encoder.layers.0.linear1.weight"))
        #expect(!own.contains { $0.contains("in_proj") || $0.contains("_embed") || $0.contains("projector") })
    }
}
