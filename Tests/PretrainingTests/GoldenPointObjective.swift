import Detection
import DetectionData
import NN
import Tensors
import TestSupport

@testable import Pretraining

/// The network, views and numbers of `Golden/aligndet/fcos_objective`.
struct GoldenPointObjective {
    let given: GoldenViews
    var golden: GoldenTensors { given.golden }
    var views: [Batch] { given.views }
    private var backbone: GivenMaps { given.backbone }

    private static let weights: GoldenModel = {
        let ends = ["fcos.online.bbox_head.conv_reg", "fcos.target.bbox_head.conv_reg"]
        return GoldenModel(
            lastNorms: [], gains: Dictionary(uniqueKeysWithValues: ends.map { ($0, 0.5) }),
            biasShifts: Dictionary(uniqueKeysWithValues: ends.map { ($0, 2.5) }))
    }()

    init() throws { given = try GoldenViews("aligndet/fcos_objective.safetensors", levels: 3...5) }

    private var neck: FPN {
        FPN(
            inputs: backbone.outputChannels, channels: 16, startLevel: 1, levelCount: 5, extraSource: .output,
            rectifiesExtra: true, norm: nil)
    }

    private static var head: FCOSHead {
        FCOSHead(
            inputs: 16,
            layout: FCOSHead.Layout(
                channels: 16, convolutionCount: 2, groupCount: 4, hasTowerBias: false,
                centrenessOnBoxTower: false,
                scaleCount: 5), output: .embedding(hidden: 12, dimension: 8))
    }

    static func settings(
        samplesNegatives: Bool, background: AlignDetSettings.BackgroundLabel = .sentinel
    ) -> AlignDetSettings {
        .golden(
            background: background,
            sampler: RandomSampler(count: 1 << 20, negativesPerPositive: samplesNegatives ? -1 : 0))
    }

    static let matcher = PointMatcher(limits: [64, 128, 256, 512], radius: nil)

    /// The published strides are half the right ones.
    static func generator(isFaithful: Bool) -> PointGenerator {
        PointGenerator(strides: [8, 16, 32, 64, 128].map { isFaithful ? $0 / 2 : $0 }, offset: 0.5)
    }

    /// The objective with golden weights in both networks.
    func make(isFaithful: Bool, _ settings: AlignDetSettings) -> AlignDetFCOS {
        let online = FCOS(
            backbone: backbone, neck: neck, head: Self.head,
            pointGenerator: Self.generator(isFaithful: isFaithful),
            settings: FCOS.Settings(
                matcher: Self.matcher, distances: .exponential, boxLoss: .iou, boxWeight: .centreness,
                score: .product, candidatesPerLevel: 0, scoreThreshold: 1, suppressionThreshold: 1,
                detectionLimit: 0))
        let objective = AlignDetFCOS(
            online: online, momentumNeck: neck, momentumHead: Self.head, settings: settings)
        objective.fill { Self.weights.tensor("fcos." + $0, shape: $1) }
        return objective
    }
}
