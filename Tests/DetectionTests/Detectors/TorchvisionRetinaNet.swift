import Detection
import DetectionData
import Foundation
import NN
import Tensors
import TestSupport

/// torchvision's `retinanet_resnet50_fpn` put together from our parts, with the names it has there.
enum TorchvisionRetinaNet {
    static let classCount = 91

    static var anchorGenerator: AnchorGenerator {
        // Each level's side and its thirds of an octave, cut to whole pixels.
        let sides = [32.0, 64, 128, 256, 512].map { side in
            [side, (side * pow(2, 1.0 / 3)).rounded(.down), (side * pow(2, 2.0 / 3)).rounded(.down)].map {
                Float($0)
            }
        }
        return AnchorGenerator(roundedSides: sides, ratios: [0.5, 1, 2], strides: [8, 16, 32, 64, 128])
    }

    static func make() -> RetinaNet {
        let backbone = ResNet(.fifty, frozenStages: -1, norm: .frozen)
        return RetinaNet(
            backbone: backbone,
            neck: FPN(
                inputs: backbone.outputChannels, channels: 256, startLevel: 1, levelCount: 5,
                extraSource: .output,
                rectifiesExtra: true, norm: nil),
            head: RetinaHead(
                inputs: 256, channels: 256, convolutionCount: 4, anchorShapeCount: 9,
                output: .classes(classCount, prior: 0.01)),
            anchorGenerator: anchorGenerator,
            settings: RetinaNet.Settings(
                matcher: MaxIoUMatcher(positive: 0.5, negative: 0.4, lowQuality: .ownBest),
                boxLoss: .offsets(.l1),
                normalization: .perImage, candidatesPerLevel: 1000, scoreThreshold: 0.05,
                suppressionThreshold: 0.5,
                detectionLimit: 100))
    }

    /// torchvision's name of one of our paths.
    static func name(_ path: String) -> String {
        let replacements = [
            ("neck.lateral_convs.", "backbone.fpn.inner_blocks."),
            ("neck.fpn_convs.3.conv", "backbone.fpn.extra_blocks.p6"),
            ("neck.fpn_convs.4.conv", "backbone.fpn.extra_blocks.p7"),
            ("neck.fpn_convs.", "backbone.fpn.layer_blocks."),
            ("bbox_head.cls_convs.", "head.classification_head.conv."),
            ("bbox_head.reg_convs.", "head.regression_head.conv."),
            ("bbox_head.retina_cls", "head.classification_head.cls_logits"),
            ("bbox_head.retina_reg", "head.regression_head.bbox_reg"), ("backbone.", "backbone.body."),
        ]
        guard let (ours, theirs) = replacements.first(where: { path.hasPrefix($0.0) }) else { return path }
        return theirs + path.dropFirst(ours.count).replacingOccurrences(of: ".conv.", with: ".0.")
    }

    /// The weights of the fixture; its README section names these exceptions.
    static var weights: GoldenModel {
        var gains = [name("bbox_head.retina_cls"): 0.5, name("bbox_head.retina_reg"): 0.5]
        for i in 0..<3 {
            gains["backbone.fpn.inner_blocks.\(i).0"] = 0.3
            gains["backbone.fpn.layer_blocks.\(i).0"] = 0.3
        }
        for i in 0..<4 {
            gains["head.classification_head.conv.\(i).0"] = 1.28
            gains["head.regression_head.conv.\(i).0"] = 0.9
        }
        return GoldenModel(
            lastNorms: [".bn3"], gains: gains, biasShifts: [name("bbox_head.retina_cls"): -3.2])
    }
}
