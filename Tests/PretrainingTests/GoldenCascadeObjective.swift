import Detection
import DetectionData
import NN
import Tensors
import TestSupport

@testable import Pretraining

/// The network, views and numbers of `Golden/aligndet/cascade_objective`.
struct GoldenCascadeObjective {
    let given: GoldenViews
    var golden: GoldenTensors { given.golden }
    var views: [Batch] { given.views }
    private var backbone: GivenMaps { given.backbone }

    private static let width = 8
    private static let weights = GoldenModel(
        lastNorms: [],
        gains: Dictionary(
            uniqueKeysWithValues: ["online", "target"].flatMap { net in
                [("rpn_head.rpn_cls", 0.8), ("rpn_head.rpn_reg", 0.15)].map {
                    ("cascade.\(net).\($0.0)", $0.1)
                }
                    + (0..<3).map { ("cascade.\(net).roi_head.bbox_head.\($0).fc_reg", 0.4) }
            }))

    init() throws {
        given = try GoldenRegionObjective.views("aligndet/cascade_objective.safetensors")
    }

    private var neck: FPN {
        FPN(
            inputs: backbone.outputChannels, channels: Self.width, startLevel: 0, levelCount: 5,
            extraSource: .subsampledOutput, rectifiesExtra: false, norm: nil)
    }

    private static var rpnHead: RPNHead { RPNHead(inputs: width, channels: width, anchorShapeCount: 3) }

    private static var boxHead: BBoxHead {
        BBoxHead(
            inputs: width, bins: 3, convolutionCount: 0, convolutionChannels: width, layerCount: 2, width: 12,
            sharesBoxes: true, output: .embedding(hidden: 10, dimension: 8, boxSlots: 1))
    }

    /// Every anchor inside the picture that is matched or background, every region.
    private static var proposer: RegionProposer {
        let limits = RPNSettings.Limits(perLevel: 40, total: 14)
        return RegionProposer(
            anchorGenerator: AnchorGenerator(
                baseScale: 4, scalesPerOctave: 1, ratios: [0.5, 1, 2], strides: [4, 8, 16, 32, 64]),
            settings: RPNSettings(
                matcher: MaxIoUMatcher(
                    positive: 0.7, negative: 0.3, minimumPositive: 0.3, lowQuality: .claimingBox),
                sampler: RandomSampler(count: 1 << 20), boxLoss: .offsets(.smoothL1(beta: 1 / 9)),
                training: limits, testing: limits, suppressionThreshold: 0.7, minimumSide: 0, border: 0))
    }

    private static func stage(_ number: Int) -> CascadeStage {
        let overlap: Float = [0.5, 0.6, 0.7][number]
        let (centre, size): (Float, Float) = [(0.1, 0.2), (0.05, 0.1), (0.033, 0.067)][number]
        return CascadeStage(
            boxHead: boxHead,
            settings: RegionSettings(
                matcher: MaxIoUMatcher(
                    positive: overlap, negative: overlap, minimumPositive: overlap, lowQuality: .none),
                sampler: RandomSampler(count: 1 << 20, positiveFraction: 0.25),
                deviations: BoxCoder.Deviations(x: centre, y: centre, width: size, height: size),
                boxLoss: .smoothL1(beta: 1), scoreThreshold: 1, suppressionThreshold: 1, detectionLimit: 0,
                minimumSide: 0), weight: [1, 0.5, 0.25][number])
    }

    /// The objective with golden weights in both networks.
    func make(isFaithful: Bool) -> AlignDetCascadeRCNN {
        let online = CascadeRCNN(
            backbone: backbone, neck: neck, rpnHead: Self.rpnHead, proposer: Self.proposer,
            extractor: RoIExtractor(
                align: RoIAlign(bins: 3, sampleCount: 0, isAligned: true), strides: [4, 8, 16, 32],
                levelRule: .finest(side: 20)), stages: (0..<3).map { Self.stage($0) })
        let objective = AlignDetCascadeRCNN(
            online: online, neck: neck, rpnHead: Self.rpnHead, boxHeads: (0..<3).map { _ in Self.boxHead },
            settings: .golden(background: isFaithful ? .embeddingDimension : .sentinel),
            refines: !isFaithful)
        objective.fill { Self.weights.tensor("cascade." + $0, shape: $1) }
        return objective
    }
}
