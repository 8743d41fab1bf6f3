import DetectionData
import Foundation
import NN
import Tensors
import TestSupport
import Testing

@testable import Detection

@Suite struct DenseDecoderTests {
    private let generator = AnchorGenerator(baseScale: 4, scalesPerOctave: 1, ratios: [1], strides: [8])
    private var anchors: AnchorSet { generator.anchors([(2, 8)], inputHeight: 16, inputWidth: 64) }

    private func detections(
        _ scores: [(anchor: Int, label: Int, score: Double)], candidates: Int = 100, target: Target,
        deltas: Tensor = Tensor(zeros: [1, 2, 8, 4])
    ) -> [DetectedObject] {
        let logits = Tensor(repeating: -20, shape: [1, 2, 8, 2])
        for entry in scores {
            logits.floats[2 * entry.anchor + entry.label] = Float(log(entry.score / (1 - entry.score)))
        }
        let settings = RetinaNet.Settings(
            matcher: MaxIoUMatcher(positive: 0.5, negative: 0.4, lowQuality: .none), boxLoss: .offsets(.l1),
            normalization: .perBatch, candidatesPerLevel: candidates, scoreThreshold: 0.05,
            suppressionThreshold: 0.5, detectionLimit: 100)
        let output = DenseOutput(logits: [Variable(constant: logits)], deltas: [Variable(constant: deltas)])
        return DenseDecoder(settings: settings, anchors: anchors).detections(output, [target])[0]
    }

    @Test func boxesAreClippedToThePictureAndScaledBackToIt() {
        // Anchor 8 + 1: 32 x 32 around (8, 8). The picture fills 60 x 14 pixels at half its own size.
        let found = detections([(9, 1, 0.8)], target: makeTarget([], width: 60, height: 14, scale: 0.5))
        #expect(found.count == 1 && found[0].label == 1)
        #expect(abs(found[0].score - 0.8) < 1e-6)
        #expect(found[0].box == Box(x1: 0, y1: 0, x2: 48, y2: 28))
    }

    @Test func offsetsMoveTheirAnchorsBox() {
        let deltas = Tensor(zeros: [1, 2, 8, 4])
        deltas.floats[4 * 4] = 0.25
        deltas.floats[4 * 4 + 3] = Float(log(0.25))
        // 32 x 32 around (32, 0), moved right by 8 and a quarter as high.
        let found = detections([(4, 0, 0.6)], target: makeTarget([], width: 64, height: 16), deltas: deltas)
        expectClose([found[0].box.x1, found[0].box.x2, found[0].box.y2], [24, 56, 4], relative: 1e-6)
    }

    @Test func weakScoresAreDroppedAndOnlyTheBestCandidatesStay() {
        let scores = [(0, 0, 0.04), (4, 0, 0.3), (7, 1, 0.2), (4, 1, 0.1)]
        let target = makeTarget([], width: 64, height: 16)
        let all = detections(scores, target: target)
        #expect(all.map(\.label) == [0, 1, 1])
        #expect(zip(all, [0.3, 0.2, 0.1]).allSatisfy { abs(Double($0.score) - $1) < 1e-6 })
        #expect(detections(scores, candidates: 2, target: target).map(\.label) == [0, 1])
        #expect(detections([], target: target).isEmpty)
    }
}
