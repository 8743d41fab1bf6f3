import DetectionData
import NN
import Tensors
import TestSupport
import Testing

@testable import Detection

/// The network and inputs of `Golden/cascade`.
struct GoldenCascade {
    let golden: GoldenTensors
    let network: CascadeRCNN

    static let classCount = 5
    private static let width = 16

    init() throws {
        golden = try GoldenTensors("cascade/cascade.safetensors")
        network = Self.make()
    }

    static func make() -> CascadeRCNN {
        let backbone = ResNet(.eighteen, frozenStages: -1, norm: .frozen)
        let strides = [4, 8, 16, 32, 64]
        let limits = RPNSettings.Limits(perLevel: 40, total: 14)
        let network = CascadeRCNN(
            backbone: backbone,
            neck: FPN(
                inputs: backbone.outputChannels, channels: width, startLevel: 0, levelCount: 5,
                extraSource: .subsampledOutput, rectifiesExtra: false, norm: nil),
            rpnHead: RPNHead(inputs: width, channels: width, anchorShapeCount: 3),
            proposer: RegionProposer(
                anchorGenerator: AnchorGenerator(
                    baseScale: 4, scalesPerOctave: 1, ratios: [0.5, 1, 2], strides: strides),
                settings: RPNSettings(
                    matcher: MaxIoUMatcher(
                        positive: 0.7, negative: 0.3, minimumPositive: 0.3, lowQuality: .claimingBox),
                    sampler: RandomSampler(count: 1 << 20, positiveFraction: 0.5),
                    boxLoss: .offsets(.smoothL1(beta: 1 / 9)), training: limits, testing: limits,
                    suppressionThreshold: 0.7, minimumSide: 0, border: 0)),
            extractor: extractor(bins: 3), stages: (0..<3).map { stage($0) })
        weights.fill(network) { "cascade." + $0 }
        return network
    }

    private static func extractor(bins: Int) -> RoIExtractor {
        RoIExtractor(
            align: RoIAlign(bins: bins, sampleCount: 0, isAligned: true), strides: [4, 8, 16, 32],
            levelRule: .finest(side: 20))
    }

    private static func stage(_ number: Int) -> CascadeStage {
        let overlap: Float = [0.5, 0.6, 0.7][number]
        let (centre, size): (Float, Float) = [(0.1, 0.2), (0.05, 0.1), (0.033, 0.067)][number]
        let masks = MaskBranch(
            head: MaskHead(inputs: width, channels: width, convolutionCount: 1, classCount: classCount),
            extractor: extractor(bins: 4), target: RoIAlign(bins: 8, sampleCount: 0, isAligned: true),
            roundsTargets: true, threshold: 0.5)
        return CascadeStage(
            boxHead: BBoxHead(
                inputs: width, bins: 3, convolutionCount: 0, convolutionChannels: width, layerCount: 2,
                width: 24,
                sharesBoxes: true, output: .classes(classCount)),
            settings: RegionSettings(
                matcher: MaxIoUMatcher(
                    positive: overlap, negative: overlap, minimumPositive: overlap, lowQuality: .none),
                sampler: RandomSampler(count: 1 << 20, positiveFraction: 0.25),
                deviations: BoxCoder.Deviations(x: centre, y: centre, width: size, height: size),
                boxLoss: .smoothL1(beta: 1), scoreThreshold: 0.05, suppressionThreshold: 0.5,
                detectionLimit: 100, minimumSide: 0),
            weight: [1, 0.5, 0.25][number], masks: masks)
    }

    /// The exceptions that `make_cascade.py` lists.
    private static var weights: GoldenModel {
        var gains = ["cascade.rpn_head.rpn_cls": 0.8, "cascade.rpn_head.rpn_reg": 0.15]
        for i in 0..<4 {
            for kind in ["lateral", "fpn"] { gains["cascade.neck.\(kind)_convs.\(i).conv"] = 0.3 }
        }
        for s in 0..<3 {
            gains["cascade.roi_head.bbox_head.\(s).fc_cls"] = 1.6
            gains["cascade.roi_head.bbox_head.\(s).fc_reg"] = 0.4
            gains["cascade.roi_head.mask_head.\(s).conv_logits"] = 0.5
            // Of the four weights of a window each output pixel reads one: the fan-in is a quarter of what is counted.
            gains["cascade.roi_head.mask_head.\(s).upsample"] = 2 * 2.0.squareRoot()
        }
        return GoldenModel(lastNorms: [".bn2"], gains: gains)
    }

    /// A batch of the fixture, boxes with the ellipses inside them as outlines.
    /// - images: the metadata's entry of their name; boxes: an entry for each; prefix: of the batch's losses.
    func parity(
        images: String, boxes: [String], width: Int, height: Int, prefix: String = ""
    ) throws -> DetectorParity {
        let batch = try golden.batch(images, boxes: boxes, width: width, height: height)
        return DetectorParity(
            network, (batch.images, batch.targets.map(\.outlined)), golden,
            losses: try golden.note("loss.names", as: [String].self).map {
                ($0, try golden.scalar(prefix + $0))
            })
    }
}
