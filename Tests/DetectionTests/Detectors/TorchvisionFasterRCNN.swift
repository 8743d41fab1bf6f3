import Detection
import DetectionData
import Foundation
import NN
import Tensors
import TestSupport

/// torchvision's `fasterrcnn_resnet50_fpn` and `maskrcnn_resnet50_fpn` put together from our parts, with the limits of
/// `make_rcnn.py`, and the names they have there.
enum TorchvisionFasterRCNN {
    static let classCount = 90

    /// A mask branch as torchvision's, or the smaller one that gradients are compared on.
    static func maskBranch(small: Bool) -> MaskBranch {
        let bins = small ? 6 : 14
        return MaskBranch(
            head: MaskHead(
                inputs: 256, channels: 256, convolutionCount: small ? 1 : 4, classCount: classCount),
            extractor: extractor(bins: bins),
            target: RoIAlign(bins: 2 * bins, sampleCount: 0, isAligned: false), roundsTargets: false,
            threshold: 0.5)
    }

    private static func extractor(bins: Int) -> RoIExtractor {
        RoIExtractor(
            align: RoIAlign(bins: bins, sampleCount: 2, isAligned: false), strides: [4, 8, 16, 32],
            levelRule: .canonical(side: 224, level: 4))
    }

    static func make(masks: MaskBranch? = nil) -> FasterRCNN {
        let backbone = ResNet(.fifty, frozenStages: -1, norm: .frozen)
        let limits = RPNSettings.Limits(perLevel: 30, total: 16)
        let everything = 100_000
        return FasterRCNN(
            backbone: backbone,
            neck: FPN(
                inputs: backbone.outputChannels, channels: 256, startLevel: 0, levelCount: 5,
                extraSource: .subsampledOutput, rectifiesExtra: false, norm: nil),
            rpnHead: RPNHead(inputs: 256, channels: 256, anchorShapeCount: 3),
            boxHead: BBoxHead(
                inputs: 256, bins: 7, convolutionCount: 0, convolutionChannels: 256, layerCount: 2, width: 1024,
                sharesBoxes: false, output: .classes(classCount)),
            anchorGenerator: AnchorGenerator(
                roundedSides: [[32], [64], [128], [256], [512]], ratios: [0.5, 1, 2],
                strides: [4, 8, 16, 32, 64]),
            extractor: extractor(bins: 7),
            rpn: RPNSettings(
                matcher: MaxIoUMatcher(positive: 0.7, negative: 0.3, lowQuality: .ownBest),
                sampler: RandomSampler(count: everything, positiveFraction: 0.5),
                boxLoss: .offsets(.smoothL1(beta: 1 / 9)), training: limits, testing: limits,
                suppressionThreshold: 0.7, minimumSide: 1e-3),
            regions: RegionSettings(
                matcher: MaxIoUMatcher(positive: 0.5, negative: 0.5, lowQuality: .none),
                sampler: RandomSampler(count: everything, positiveFraction: 0.25),
                deviations: BoxCoder.Deviations(x: 0.1, y: 0.1, width: 0.2, height: 0.2),
                boxLoss: .smoothL1(beta: 1 / 9), scoreThreshold: 0.05, suppressionThreshold: 0.5,
                detectionLimit: 100, minimumSide: 0.01), masks: masks)
    }

    /// torchvision's name of one of our paths.
    static func name(_ path: String) -> String {
        let replacements = [
            ("neck.lateral_convs.", "backbone.fpn.inner_blocks."),
            ("neck.fpn_convs.", "backbone.fpn.layer_blocks."),
            ("rpn_head.rpn_conv", "rpn.head.conv.0.0"), ("rpn_head.rpn_cls", "rpn.head.cls_logits"),
            ("rpn_head.rpn_reg", "rpn.head.bbox_pred"),
            ("roi_head.bbox_head.shared_fcs.0", "roi_heads.box_head.fc6"),
            ("roi_head.bbox_head.shared_fcs.1", "roi_heads.box_head.fc7"),
            ("roi_head.bbox_head.fc_cls", "roi_heads.box_predictor.cls_score"),
            ("roi_head.bbox_head.fc_reg", "roi_heads.box_predictor.bbox_pred"),
            ("roi_head.mask_head.convs.", "roi_heads.mask_head."),
            ("roi_head.mask_head.upsample", "roi_heads.mask_predictor.conv5_mask"),
            ("roi_head.mask_head.conv_logits", "roi_heads.mask_predictor.mask_fcn_logits"),
            ("backbone.", "backbone.body."),
        ]
        guard let (ours, theirs) = replacements.first(where: { path.hasPrefix($0.0) }) else { return path }
        return theirs + path.dropFirst(ours.count).replacingOccurrences(of: ".conv.", with: ".0.")
    }

    /// The weights of the fixture; its README section names these exceptions.
    static var weights: GoldenModel {
        var gains = [
            name("rpn_head.rpn_cls"): 0.8, name("rpn_head.rpn_reg"): 0.15,
            name("roi_head.bbox_head.fc_cls"): 1.6, name("roi_head.bbox_head.fc_reg"): 0.3,
            name("roi_head.mask_head.conv_logits"): 0.5,
            // Of the four weights of a window each output pixel reads one: the fan-in is a quarter of what is counted.
            name("roi_head.mask_head.upsample"): 2 * 2.0.squareRoot(),
        ]
        for i in 0..<4 {
            gains["backbone.fpn.inner_blocks.\(i).0"] = 0.3
            gains["backbone.fpn.layer_blocks.\(i).0"] = 0.3
        }
        return GoldenModel(lastNorms: [".bn3"], gains: gains)
    }

    /// Rows for the background that torchvision has and nothing reads: its box offsets, its mask.
    private static func unreadRows(_ path: String) -> Int {
        path.contains("fc_reg") ? 4 : path.contains("conv_logits") ? 1 : 0
    }

    /// torchvision's shape of one of our tensors.
    static func shape(_ path: String, _ shape: [Int]) -> [Int] { [shape[0] + unreadRows(path)] + shape.dropFirst() }

    /// A tensor in torchvision's order of classes, background first, from one in ours, background last.
    static func toTheirs(_ path: String, _ ours: Tensor) -> Tensor {
        let width = ours.count / ours.shape[0]
        if path.contains("fc_cls") {
            let (rows, last) = (ours.shape[0], ours.shape[0] - 1)
            return Tensor(
                ours.prefix(last..<rows).values + ours.prefix(0..<last).values, shape: ours.shape)
        }
        let unread = unreadRows(path)
        guard unread > 0 else { return ours }
        return Tensor([Float](repeating: 0, count: unread * width) + ours.values, shape: shape(path, ours.shape))
    }

    private static func toOurs(_ path: String, _ theirs: Tensor) -> Tensor {
        let rows = theirs.shape[0]
        if path.contains("fc_cls") {
            return Tensor(theirs.prefix(1..<rows).values + theirs.prefix(0..<1).values, shape: theirs.shape)
        }
        return theirs.prefix(unreadRows(path)..<rows)
    }

    static func fill(_ network: FasterRCNN) {
        for (path, target) in network.namedTensors {
            target.assign(
                from: toOurs(path, weights.tensor(name(path), shape: shape(path, target.shape))))
        }
        network.didLoad()
    }
}
