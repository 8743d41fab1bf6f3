import DetectionData
import NN
import Tensors
import TestSupport
import Testing

@testable import Detection

@Suite struct RetinaLossTests {
    private let generator = AnchorGenerator(
        baseScale: 4, scalesPerOctave: 1, ratios: [1, 2], strides: [8, 16])
    private let classCount = 3
    private var anchors: AnchorSet { generator.anchors([(4, 4), (2, 2)], inputHeight: 32, inputWidth: 32) }

    private func values(_ name: String, _ shape: [Int]) -> Tensor {
        Tensor(GoldenWeights.values(name, count: shape.reduce(1, *)), shape: shape)
    }

    /// Outputs of the images `range` of a batch of two.
    private func output(_ range: Range<Int>) -> DenseOutput {
        func maps(_ name: String, _ width: Int) -> [Variable] {
            [(4, 4), (2, 2)].map { h, w in
                Variable(constant: values("\(name).\(h)", [2, h, w, 2 * width]).prefix(range).copied())
            }
        }
        return DenseOutput(logits: maps("logits", classCount), deltas: maps("deltas", 4))
    }

    private func settings(
        _ normalization: RetinaNet.Settings.Normalization, _ loss: RetinaNet.Settings.BoxLoss = .offsets(.l1)
    ) -> RetinaNet.Settings {
        RetinaNet.Settings(
            matcher: MaxIoUMatcher(positive: 0.5, negative: 0.4, lowQuality: .claimingBox), boxLoss: loss,
            normalization: normalization, candidatesPerLevel: 100, scoreThreshold: 0.05,
            suppressionThreshold: 0.5,
            detectionLimit: 100)
    }

    private let targets = [
        makeTarget(
            [Box(x1: 0, y1: 0, x2: 24, y2: 30), Box(x1: 2, y1: 2, x2: 30, y2: 30)], labels: [2, 0], width: 32,
            height: 32),
        makeTarget([], width: 32, height: 32),
    ]

    private func losses(_ normalization: RetinaNet.Settings.Normalization, _ range: Range<Int>) -> [Double] {
        RetinaLoss(settings: settings(normalization), anchors: anchors).terms(
            output(range), Array(targets[range]), Tape(recording: false)
        ).map { Double($0.value) }
    }

    /// An image without boxes counts as one positive, as in mmdetection.
    @Test func aBatchIsDividedByItsPositivesOrEachImageByItsOwn() {
        let positives = DenseTargets.assign(anchors, targets[0], settings(.perBatch).matcher).count {
            $0 >= 0
        }
        #expect(positives > 2)
        let (first, second) = (losses(.perImage, 0..<1), losses(.perImage, 1..<2))
        #expect(second[1] == 0 && second[0] > 0)
        let (perImage, perBatch) = (losses(.perImage, 0..<2), losses(.perBatch, 0..<2))
        for i in 0..<2 {
            expectClose(perImage[i], (first[i] + second[i]) / 2, relative: Tolerance.operation)
            let expected = (first[i] * Double(positives) + second[i]) / Double(positives + 1)
            expectClose(perBatch[i], expected, relative: Tolerance.operation)
        }
    }

    /// Away from the limit of the exponential, and beyond it, where the size no longer follows its offset.
    @Test func theGradientOfDecodedBoxesAgreesWithDifferences() {
        let chosen = [3, 12, 20]
        let boxes = [
            Box(x1: 0, y1: 0, x2: 24, y2: 30), Box(x1: 2, y1: 2, x2: 30, y2: 30),
            Box(x1: -20, y1: 1, x2: 9, y2: 12),
        ]
        let start: [Float] = [0.1, -0.2, 0.3, 0.15, -0.1, 0.05, -0.3, 0.2, 0.3, 0.2, 0.4, 4.5]
        let loss = RetinaNet.Settings.BoxLoss.giou
        let (set, shape) = (anchors, [3, 4])
        expectGradient(
            loss.evaluate(Tensor(start, shape: shape), boxes, set, chosen).gradient.values,
            of: { loss.evaluate(Tensor($0, shape: shape), boxes, set, chosen).sum }, at: start, step: 3e-3)
    }
}
