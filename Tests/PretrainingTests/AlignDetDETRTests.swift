import Detection
import NN
import Tensors
import TestSupport
import Testing

@testable import Pretraining

/// AlignDet's objective of a DETR against PyTorch's numbers for the same network, boxes and maps.
@Suite(.serialized) struct AlignDetDETRTests {
    /// Of the largest element of a parameter's gradient, and of the loss.
    private static let tolerance = 1e-5

    private let fixture: GoldenAlignDETR
    private let moment = StepMoment(seed: 1, step: 0, stepCount: 100)

    init() throws { fixture = try GoldenAlignDETR() }

    private func inGoldenOrder<Element>(_ terms: [Element]) -> [Element] { Array(terms[3...]) + terms[..<3] }

    @Test(arguments: [true, false]) func lossesMatch(isFaithful: Bool) throws {
        let key = isFaithful ? "faithful" : "corrected"
        let objective = fixture.make(isFaithful: isFaithful)
        let terms = objective.losses(fixture.views, at: moment, Tape(recording: false))
        #expect(terms.map(\.name) == objective.lossNames && terms[0].name == "loss_contrastive")
        expectClose(
            Double(terms[0].value), try fixture.golden.scalar("\(key).contrast.loss"),
            relative: Self.tolerance)
        let own = inGoldenOrder(Array(terms[1...]))
        for (term, number) in zip(own, try fixture.golden.doubles("\(key).own.losses")) {
            expectClose(Double(term.value), number, relative: Self.tolerance, "\(key) \(term.name)")
        }
    }

    /// Backward through the contrast alone and through the detector's own losses alone.
    @Test(arguments: [true, false], ["contrast", "own"])
    func gradientsMatch(isFaithful: Bool, part: String) throws {
        let key = "\(isFaithful ? "faithful" : "corrected").\(part).gradient"
        let objective = fixture.make(isFaithful: isFaithful)
        objective.arena.beginAccumulation()
        let tape = Tape(recording: true)
        let terms = objective.losses(fixture.views, at: moment, tape)
        tape.backward((part == "own" ? Array(terms[1...]) : [terms[0]]).map { ($0.sum, $0.factor) })
        objective.arena.finishAccumulation()
        let golden = fixture.golden
        let names = try golden.note("\(key).names", as: [String].self)
        let positions = try golden.integers("\(key).positions")
        let (samples, norms) = (try golden.doubles("\(key).samples"), try golden.doubles("\(key).norm"))
        let sums = try golden.doubles("\(key).sum")
        let row = Dictionary(uniqueKeysWithValues: names.enumerated().map { ($1, $0) })
        let count = positions.count / names.count
        let largest = norms.max() ?? 0
        for entry in objective.arena.entries {
            let gradient = try #require(entry.parameter.leaf.gradient)
            guard let i = row[entry.path], norms[i] > 1e-9 * largest else {
                // The contrast does not reach classes and boxes, nothing the first self-attention of zeros.
                #expect(
                    row[entry.path] != nil || entry.path.hasPrefix("class_embed.")
                        || entry.path.hasPrefix("bbox_embed.")
                        || entry.path.hasPrefix("projector."))
                #expect(Elementwise.sumOfSquares(gradient).squareRoot() < 1e-6 * largest, "\(entry.path)")
                continue
            }
            expectDigest(
                gradient, positions: Array(positions[(i * count)..<((i + 1) * count)]),
                samples: Array(samples[(i * count)..<((i + 1) * count)]), norm: norms[i], sum: sums[i],
                relative: Self.tolerance, "\(key) \(entry.path)")
        }
    }

    /// The momentum network follows everything but the queries, which it shares.
    @Test func theTargetFollowsAllButTheQueries() throws {
        let objective = fixture.make(isFaithful: false)
        let online = Dictionary(
            uniqueKeysWithValues: objective.network.namedTensors.map { ($0.path, $0.tensor) })
        let before = objective.companionTensors.map { ($0.path, $0.tensor.values) }
        #expect(
            Set(before.map(\.0))
                == Set(online.keys.filter { $0 != "query_embed.weight" }.map { "target." + $0 }))
        objective.didUpdate(at: moment)
        for ((path, old), (_, tensor)) in zip(before, objective.companionTensors) {
            let source = try #require(online[String(path.dropFirst("target.".count))]).values
            let expected = zip(old, source).map { 0.996 * Double($0) + 0.004 * Double($1) }
            expectClose(tensor.values.map { Double($0) }, expected, relative: Tolerance.rounding, path)
        }
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
