import Detection
import DetectionData
import NN
import Tensors
import TestSupport

/// torchvision's `fcos_resnet50_fpn` put together from our parts, with the names it has there.
enum TorchvisionFCOS {
    static func make() -> FCOS {
        let backbone = ResNet(.fifty, frozenStages: -1, norm: .frozen)
        return FCOS(
            backbone: backbone,
            neck: FPN(
                inputs: backbone.outputChannels, channels: 256, startLevel: 1, levelCount: 5,
                extraSource: .output,
                rectifiesExtra: true, norm: nil),
            head: FCOSHead(
                inputs: 256,
                layout: FCOSHead.Layout(
                    channels: 256, convolutionCount: 4, groupCount: 32, hasTowerBias: true,
                    centrenessOnBoxTower: true, scaleCount: 0), output: .classes(91, prior: 0.01)),
            pointGenerator: PointGenerator(
                strides: [8, 16, 32, 64, 128], offset: 0, spacingFollowsInput: true),
            settings: FCOS.Settings(
                matcher: PointMatcher(limits: [64, 128, 256, 512], radius: 1.5), distances: .strides,
                boxLoss: .giou,
                boxWeight: .equal, score: .root, candidatesPerLevel: 1000, scoreThreshold: 0.2,
                suppressionThreshold: 0.6, detectionLimit: 100))
    }

    /// torchvision's name of one of our paths.
    static func name(_ path: String) -> String {
        for (own, foreign) in [("cls_convs", "classification_head"), ("reg_convs", "regression_head")] {
            for i in 0..<4 {
                for (part, place) in [("conv", 3 * i), ("gn", 3 * i + 1)] {
                    let prefix = "bbox_head.\(own).\(i).\(part)."
                    if path.hasPrefix(prefix) {
                        return "head.\(foreign).conv.\(place)." + path.dropFirst(prefix.count)
                    }
                }
            }
        }
        let replacements = [
            ("bbox_head.conv_cls", "head.classification_head.cls_logits"),
            ("bbox_head.conv_reg", "head.regression_head.bbox_reg"),
            ("bbox_head.conv_centerness", "head.regression_head.bbox_ctrness"),
        ]
        guard let (ours, theirs) = replacements.first(where: { path.hasPrefix($0.0) }) else {
            // Backbone and pyramid are RetinaNet's.
            return TorchvisionRetinaNet.name(path)
        }
        return theirs + path.dropFirst(ours.count)
    }

    /// The weights of the fixture, as its script fills them.
    static var weights: GoldenModel {
        var gains = [
            name("bbox_head.conv_cls"): 0.9, name("bbox_head.conv_reg"): 0.6,
            name("bbox_head.conv_centerness"): 0.8,
        ]
        for i in 0..<3 {
            gains["backbone.fpn.inner_blocks.\(i).0"] = 0.3
            gains["backbone.fpn.layer_blocks.\(i).0"] = 0.3
        }
        let norms = ["classification_head", "regression_head"].flatMap { head in
            (0..<4).map { "head.\(head).conv.\(3 * $0 + 1)" }
        }
        return GoldenModel(
            lastNorms: [".bn3"], gains: gains,
            biasShifts: [name("bbox_head.conv_cls"): -3.2, name("bbox_head.conv_reg"): 2], norms: Set(norms))
    }
}
