import DetectionData
import NN
import Tensors
import TestSupport
import Testing

@testable import Detection

@Suite(.serialized) struct DETRTests {
    private let images = GoldenDETR.images

    private func targets(_ boxes: [[Box]]) -> [Target] {
        zip(boxes, GoldenDETR.sizes).map { makeTarget($0, width: $1.width, height: $1.height) }
    }

    @Test func picturesWithoutObjectsOnlyTeachTheBackground() {
        let network = GoldenDETR.make(isPreNorm: false)
        let arena = ParameterArena(network.trainedParameters)
        let terms = arena.backward {
            network.losses(images, targets([[], []]), draws: DrawKey(seed: 1, step: 0), $0)
        }
        for term in terms { #expect(term.name.hasSuffix("loss_cls") ? term.value > 0.1 : term.value == 0) }
        #expect(Elementwise.isFinite(arena.gradients) && Elementwise.sumOfSquares(arena.gradients) > 0)
    }

    @Test func anOutputThatIsNotANumberMakesTheLossOne() {
        let network = GoldenDETR.make(isPreNorm: false)
        var broken =
            network.namedParameters.first { $0.path == "bbox_embed.layers.2.bias" }?.parameter.value.values
            ?? []
        broken[1] = .nan
        network.namedParameters.first { $0.path == "bbox_embed.layers.2.bias" }?.parameter.assign(
            Tensor(broken, shape: [4]))
        let box = Box(x1: 1, y1: 2, x2: 50, y2: 60)
        let terms = network.losses(
            images, targets([[box], [box]]), draws: DrawKey(seed: 1, step: 0), Tape(recording: false))
        #expect(terms.map(\.name) == network.lossNames && terms.allSatisfy { $0.value.isNaN })
    }

    /// Dropout depends on seed, step and picture alone, and evaluation has none.
    @Test func dropoutIsAFunctionOfItsKey() {
        let network = GoldenDETR.make(isPreNorm: false, dropout: 0.1)
        let box = Box(x1: 1, y1: 2, x2: 50, y2: 60)
        let targets = targets([[box], [box]])
        func losses(_ seed: UInt64, _ step: Int, view: Int = 0) -> [Float] {
            network.losses(
                images, targets, draws: DrawKey(seed: seed, step: step, view: view), Tape(recording: false)
            ).map(\.value)
        }
        #expect(losses(1, 2) == losses(1, 2))
        #expect(
            losses(1, 2) != losses(1, 3) && losses(1, 2) != losses(2, 2)
                && losses(1, 2) != losses(1, 2, view: 1))
        let plain = GoldenDETR.make(isPreNorm: false)
        #expect(
            network.detect(images, targets)[0].map(\.score) == plain.detect(images, targets)[0].map(\.score))
    }

    /// Cells beside a picture are no keys: what stands there changes nothing.
    @Test func paddingIsNotAttendedTo() {
        let network = GoldenDETR.make(isPreNorm: false)
        let map = Tensor(GoldenWeights.values("padding.map", count: 4 * 5 * 512), shape: [1, 4, 5, 512])
        let other = map.copied()
        let target = makeTarget([], width: 90, height: 104)
        // Column 3 asks pixel 91, beside the picture.
        for row in 0..<4 { for i in (3 * 512)..<(5 * 512) { other.floats[row * 5 * 512 + i] = 7 } }
        func logits(_ map: Tensor) -> [Float] {
            network.head(
                Variable(constant: map), inputShape: [1, 104, 152, 3], [target], dropout: nil,
                Tape(recording: false)
            ).logits[2].tensor.values
        }
        #expect(logits(map) == logits(other))
    }

    @Test func boxesAreClippedWhereTheSettingSaysSo() {
        let boxes = Tensor([0.1, 0.5, 0.4, 1.2, 0.5, 0.5, 0.2, 0.2], shape: [1, 2, 4])
        let logits = Tensor([0, 3, 0, 2, 0, 9], shape: [1, 2, 3])
        let target = makeTarget([], width: 200, height: 100, scale: 2)
        func found(_ clips: Bool, _ limit: Int = 100) -> [DetectedObject] {
            SetDecoder(detectionLimit: limit, clipsBoxes: clips).detections(logits, boxes, [target])[0]
        }
        // In the file's own pixels; the last column is no class.
        #expect(found(false).map(\.label) == [1, 0])
        expectClose(
            found(false)[0].box.numbers, [-10, -5, 30, 55], relative: 1e-6)
        expectClose(found(true)[0].box.numbers, [0, 0, 30, 50], relative: 1e-6)
        #expect(found(true, 1).count == 1)
    }

    @Test func aStepLeavesNoMemoryBehind() {
        let network = GoldenDETR.make(isPreNorm: true, dropout: 0.1)
        let arena = ParameterArena(network.trainedParameters)
        let box = Box(x1: 1, y1: 2, x2: 50, y2: 60)
        expectNoLeaks {
            arena.backward {
                network.losses(images, targets([[box], []]), draws: DrawKey(seed: 1, step: 0), $0)
            }
        }
    }

    /// Trainable numbers of the published network: R50, 91 categories, stem and first stage frozen.
    @Test(arguments: [(false, 41_302_368), (true, 41_302_880)])
    func theNetworkHasThePublishedSize(isPreNorm: Bool, count: Int) {
        let backbone = ResNet(.fifty, frozenStages: 1, norm: .frozen)
        let shape = TransformerShape(
            width: 256, headCount: 8, hidden: 2048, encoderLayerCount: 6, decoderLayerCount: 6,
            isPreNorm: isPreNorm,
            zeroBiases: false)
        let network = DETR(
            backbone: backbone, head: DETRHead(inputs: 2048, shape: shape, queryCount: 100, classCount: 91),
            settings: GoldenDETR.settings())
        #expect(network.trainedParameters.reduce(0) { $0 + $1.parameter.value.count } == count)
    }
}

extension Box {
    fileprivate var numbers: [Float] { [x1, y1, x2, y2] }
}
