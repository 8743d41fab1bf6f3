import Detection
import DetectionData
import NN
import Tensors
import TestSupport

@testable import Pretraining

/// The network, views and numbers of `Golden/aligndet/rcnn_objective`.
struct GoldenRegionObjective {
    let given: GoldenViews
    var golden: GoldenTensors { given.golden }
    var views: [Batch] { given.views }
    private var backbone: GivenMaps { given.backbone }

    private static let gains = [
        "rpn_head.rpn_cls": 0.8, "rpn_head.rpn_reg": 0.15, "roi_head.bbox_head.fc_reg": 0.3,
    ]
    private static let weights = GoldenModel(
        lastNorms: [],
        gains: Dictionary(
            uniqueKeysWithValues: ["online", "target"].flatMap { net in
                gains.map { ("rcnn.\(net).\($0.key)", $0.value) }
            }))

    init() throws { given = try Self.views("aligndet/rcnn_objective.safetensors") }

    /// Image 0's proposals have the numbers 252 to 256, those of image 1 go on from there.
    static func views(_ path: String) throws -> GoldenViews {
        try GoldenViews(path, levels: 2...5, firstBoxIDs: [252, 0])
    }

    private var neck: FPN {
        FPN(
            inputs: backbone.outputChannels, channels: 16, startLevel: 0, levelCount: 5,
            extraSource: .subsampledOutput, rectifiesExtra: false, norm: nil)
    }

    private static var rpnHead: RPNHead { RPNHead(inputs: 16, channels: 16, anchorShapeCount: 3) }

    private static var boxHead: BBoxHead {
        BBoxHead(
            inputs: 16, bins: 3, convolutionCount: 2, convolutionChannels: 16, layerCount: 1, width: 12,
            sharesBoxes: false, output: .embedding(hidden: 10, dimension: 8, boxSlots: 256))
    }

    /// Every anchor that is matched or background, every region that is matched.
    private static var settings: (rpn: RPNSettings, regions: RegionSettings) {
        let limits = RPNSettings.Limits(perLevel: 40, total: 14)
        return (
            RPNSettings(
                matcher: MaxIoUMatcher(
                    positive: 0.7, negative: 0.3, minimumPositive: 0.3, lowQuality: .claimingBox),
                sampler: RandomSampler(count: 1 << 20), boxLoss: .offsets(.l1), training: limits,
                testing: limits,
                suppressionThreshold: 0.7, minimumSide: 0),
            RegionSettings(
                matcher: MaxIoUMatcher(
                    positive: 0.5, negative: 0.5, minimumPositive: 0.5, lowQuality: .claimingBoxOnce),
                sampler: RandomSampler(count: 1 << 20, negativesPerPositive: 0),
                deviations: BoxCoder.Deviations(x: 0.1, y: 0.1, width: 0.2, height: 0.2), boxLoss: .l1,
                scoreThreshold: 1, suppressionThreshold: 1, detectionLimit: 0, minimumSide: 0)
        )
    }

    /// The objective with golden weights in both networks, and its online network.
    func make(isFaithful: Bool) -> (objective: AlignDetFasterRCNN, online: FasterRCNN) {
        let strides = [4, 8, 16, 32, 64]
        let settings = Self.settings
        let online = FasterRCNN(
            backbone: backbone, neck: neck, rpnHead: Self.rpnHead, boxHead: Self.boxHead,
            anchorGenerator: AnchorGenerator(
                baseScale: 8, scalesPerOctave: 1, ratios: [0.5, 1, 2], strides: strides),
            extractor: RoIExtractor(
                align: RoIAlign(bins: 3, sampleCount: 0, isAligned: true), strides: Array(strides.prefix(4)),
                levelRule: .finest(side: 20)), rpn: settings.rpn, regions: settings.regions)
        let objective = AlignDetFasterRCNN(
            online: online, neck: neck, rpnHead: Self.rpnHead, boxHead: Self.boxHead,
            settings: .golden(
                background: isFaithful ? .embeddingDimension : .sentinel, sampler: settings.regions.sampler))
        objective.fill { Self.weights.tensor("rcnn." + $0, shape: $1) }
        return (objective, online)
    }
}
