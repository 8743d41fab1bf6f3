import DetectionData
import NN
import Randomness
import Tensors
import TestSupport
import Testing

@testable import Detection

/// The first stage learns from few anchors, and from nothing else.
@Suite(.serialized) struct RegionProposerTests {
    private static let (width, inputShape) = (8, [2, 128, 160, 3])

    private let head = RPNHead(inputs: width, channels: width, anchorShapeCount: 3)
    /// In front of the head: its gradients say what reaches the maps.
    private let stem = Conv2d(width, width, kernel: 1)
    private let targets = [
        makeTarget(makeBoxes([10, 12, 50, 44, 70, 30, 140, 100]), width: 160, height: 128),
        makeTarget(makeBoxes([40, 60, 62, 80]), width: 150, height: 128),
    ]

    init() {
        GoldenModel(lastNorms: [], gains: ["proposer.rpn_reg": 0.2]).fill(head) { "proposer." + $0 }
        GoldenModel(lastNorms: []).fill(stem) { "proposer.stem." + $0 }
    }

    private func proposer(border: Float? = nil) -> RegionProposer {
        let limits = RPNSettings.Limits(perLevel: 50, total: 20)
        return RegionProposer(
            anchorGenerator: AnchorGenerator(
                baseScale: 4, scalesPerOctave: 1, ratios: [0.5, 1, 2], strides: [4, 8]),
            settings: RPNSettings(
                matcher: MaxIoUMatcher(
                    positive: 0.7, negative: 0.3, minimumPositive: 0.3, lowQuality: .claimingBox),
                sampler: RandomSampler(count: 24, positiveFraction: 0.5),
                boxLoss: .offsets(.smoothL1(beta: 1 / 9)), training: limits, testing: limits,
                suppressionThreshold: 0.7, minimumSide: 0, border: border))
    }

    private var maps: [Tensor] {
        [(32, 40), (16, 20)].enumerated().map { i, size in
            GoldenWeights.images(
                "proposer.map\(i)", count: 2, channels: Self.width, height: size.0, width: size.1, scale: 1)
        }
    }

    private var parameters: [(path: String, parameter: Parameter)] {
        head.namedParameters + stem.namedParameters.map { ("stem." + $0.path, $0.parameter) }
    }

    /// Losses, and gradients of the head and the stem.
    private func run(
        _ body: ([Variable], Tape) -> [LossTerm]
    ) -> (losses: [Float], gradients: [Tensor]) {
        let arena = ParameterArena(parameters)
        let terms = arena.backward { tape in body(maps.map { stem(Variable(constant: $0), tape) }, tape) }
        return (terms.map(\.value), parameters.compactMap { $0.parameter.leaf.gradient?.copied() })
    }

    @Test func chosenCellsGiveTheLossesAndGradientsOfWholeMaps() {
        let (proposer, draws) = (proposer(), DrawKey(seed: 3, step: 1))
        let chosen = run { pyramid, tape in
            proposer.losses(pyramid, head, inputShape: Self.inputShape, targets, draws, tape)
        }
        let whole = run { pyramid, tape in
            let anchors = proposer.anchorGenerator.anchors(
                pyramid.map { ($0.shape[1], $0.shape[2]) }, inputHeight: 128, inputWidth: 160)
            let drawn = DrawnAnchors(anchors, targets, proposer.settings, draws)
            #expect(drawn.elements.count == 2 * 24 && drawn.cells.allSatisfy { $0.count > 4 })
            let output = head(pyramid, tape)
            func rows(_ maps: [Variable]) -> Variable {
                tape.concatenateRows(zip(maps, drawn.cells).map { tape.gatherRows($0, $1) })
            }
            return RPNLoss(loss: proposer.settings.boxLoss, anchors: anchors, drawn: drawn).terms(
                logits: rows(output.logits), deltas: rows(output.deltas), targets, tape)
        }
        #expect(chosen.losses.allSatisfy { $0 > 0 })
        expectClose(chosen.losses, whole.losses, relative: Tolerance.operation)
        #expect(chosen.gradients.count == 8 && whole.gradients.count == 8)
        for (i, pair) in zip(chosen.gradients, whole.gradients).enumerated() {
            expectClose(pair.0, pair.1, relative: Tolerance.operation, "gradient \(i)")
        }
    }

    /// Every anchor sticks out of pictures so small.
    @Test func withoutAnchorsLossesAreZeroAndReachEveryParameter() {
        let proposer = proposer(border: -60)
        let none = run { pyramid, tape in
            proposer.losses(
                pyramid, head, inputShape: Self.inputShape, targets, DrawKey(seed: 3, step: 1), tape)
        }
        #expect(none.losses == [0, 0] && none.gradients.count == 8)
        #expect(none.gradients.allSatisfy { $0.values.allSatisfy { $0 == 0 } })
    }
}
