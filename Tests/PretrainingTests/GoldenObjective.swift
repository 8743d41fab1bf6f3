import Detection
import DetectionData
import NN
import Tensors
import TestSupport

@testable import Pretraining

/// The network, views and numbers of `Golden/aligndet/retinanet_objective`.
struct GoldenObjective {
    let given: GoldenViews
    let online: RetinaNet
    private let momentum: (neck: FPN, head: RetinaHead)
    var golden: GoldenTensors { given.golden }
    var views: [Batch] { given.views }

    private static let channels = 16
    private static let weights = GoldenModel(
        lastNorms: [], gains: ["online.bbox_head.retina_reg": 0.5, "target.bbox_head.retina_reg": 0.5])

    init() throws {
        given = try GoldenViews(
            "aligndet/retinanet_objective.safetensors", levels: 3...5, sizes: "pad_shapes")
        let backbone = given.backbone
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

    /// - samplesNegatives: every background anchor beside every positive one.
    func settings(isFaithful: Bool, samplesNegatives: Bool) -> AlignDetSettings {
        .golden(
            labelLayout: isFaithful ? .imageMajor : .levelMajor,
            sampler: RandomSampler(count: 1 << 20, negativesPerPositive: samplesNegatives ? -1 : 0))
    }

    /// The objective with golden weights in both networks.
    func make(_ settings: AlignDetSettings) -> AlignDetRetinaNet {
        let objective = AlignDetRetinaNet(
            online: online, momentumNeck: momentum.neck, momentumHead: momentum.head, settings: settings)
        objective.fill(Self.weights.tensor)
        return objective
    }
}
