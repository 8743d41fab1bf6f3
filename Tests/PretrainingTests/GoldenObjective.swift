import Detection
import DetectionData
import NN
import Tensors
import TestSupport

@testable import Pretraining

/// The network, views and numbers of `Golden/aligndet/retinanet_objective`.
struct GoldenObjective {
    let golden: GoldenTensors
    let views: [Batch]
    let online: RetinaNet
    private let momentum: (neck: FPN, head: RetinaHead)

    private static let channels = 16
    private static let weights = GoldenModel(
        lastNorms: [], gains: ["online.bbox_head.retina_reg": 0.5, "target.bbox_head.retina_reg": 0.5])

    init() throws {
        let golden = try GoldenTensors("aligndet/retinanet_objective.safetensors")
        self.golden = golden
        views = try (1...2).map { try Self.view($0, golden) }
        var maps: [Int: [Tensor]] = [:]
        for v in 0..<2 {
            maps[views[v].height] = try (3...5).map { try golden.tensor("view\(v + 1).c\($0)") }
        }
        let backbone = GivenMaps(maps)
        online = RetinaNet(
            backbone: backbone, neck: Self.neck(backbone), head: Self.head,
            anchorGenerator: AnchorGenerator(
                baseScale: 4, scalesPerOctave: 3, ratios: [0.5, 1, 2], strides: [8, 16, 32, 64, 128],
                centreOffset: 0),
            settings: RetinaNet.Settings(
                matcher: MaxIoUMatcher(positive: 0.5, negative: 0.4, lowQuality: .claimingBox),
                boxLoss: .offsets(.l1),
                normalization: .perBatch, candidatesPerLevel: 0, scoreThreshold: 1, suppressionThreshold: 1,
                detectionLimit: 0))
        momentum = (Self.neck(backbone), Self.head)
    }

    private static func neck(_ backbone: GivenMaps) -> FPN {
        FPN(
            inputs: backbone.outputChannels, channels: channels, startLevel: 1, levelCount: 5,
            extraSource: .input,
            rectifiesExtra: false, norm: nil)
    }

    private static var head: RetinaHead {
        RetinaHead(
            inputs: channels, channels: channels, convolutionCount: 2, anchorShapeCount: 9,
            output: .embedding(hidden: 16, dimension: 8))
    }

    /// A batch without pixels: the backbone is given.
    private static func view(_ number: Int, _ golden: GoldenTensors) throws -> Batch {
        let size = try golden.integers("view\(number).size")
        let pads = try golden.integers("view\(number).pad_shapes")
        let targets = try (0..<2).map { i in
            let corners = try golden.floats("view\(number).boxes.\(i)")
            let boxes = stride(from: 0, to: corners.count, by: 4).map {
                Box(x1: corners[$0], y1: corners[$0 + 1], x2: corners[$0 + 2], y2: corners[$0 + 3])
            }
            return Target(
                boxes: boxes, labels: boxes.map { _ in 0 }, boxIDs: boxes.indices.map { Int32($0) },
                imageID: i,
                originalWidth: size[1], originalHeight: size[0], scaleX: 1, scaleY: 1, flipped: false,
                validWidth: pads[2 * i + 1], validHeight: pads[2 * i])
        }
        return Batch(
            count: 2, height: size[0], width: size[1],
            pixels: [Float](repeating: 0, count: 2 * size[0] * size[1] * 3),
            targets: targets)
    }

    /// - samplesNegatives: every background anchor beside every positive one.
    func settings(isFaithful: Bool, samplesNegatives: Bool) -> AlignDetSettings {
        AlignDetSettings(
            temperature: 0.5, momentumStart: 0.996, momentumEnd: 1, contrastiveWeight: 1, boxWeight: 1,
            labelLayout: isFaithful ? .imageMajor : .levelMajor, targetStart: .independent,
            backgroundLabel: .sentinel,
            sampler: RandomSampler(count: 1 << 20, negativesPerPositive: samplesNegatives ? -1 : 0))
    }

    /// The objective with golden weights in both networks.
    func make(_ settings: AlignDetSettings) -> AlignDetRetinaNet {
        let objective = AlignDetRetinaNet(
            online: online, momentumNeck: momentum.neck, momentumHead: momentum.head, settings: settings)
        for (path, tensor) in online.namedTensors {
            tensor.assign(from: Self.weights.tensor("online." + path, shape: tensor.shape))
        }
        for (path, tensor) in objective.companionTensors {
            tensor.assign(from: Self.weights.tensor(path, shape: tensor.shape))
        }
        objective.didLoad()
        return objective
    }
}
