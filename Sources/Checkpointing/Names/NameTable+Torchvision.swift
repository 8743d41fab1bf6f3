/// - Source: torchvision 0.29 `models/detection`, `models/resnet.py`, `models/mobilenetv2.py`; older files as
///   its `_load_from_state_dict` of version 2 renames them.
extension NameTable {
    static let torchvisionClassifier = NameTable(
        leftOut: ["fc.*", "classifier.*"], spare: [lastConvolution], [rule("*", "backbone.*")])

    /// Stages and the steps between them in one row of features there. The order of the pixels that a step joins is
    /// ours.
    static let torchvisionSwin: NameTable = {
        let stages = rows(0..<4) { stage in
            let (foreign, own) = ("features.\(2 * stage + 1).#", "backbone.layers.\(stage).blocks.#")
            return ["norm1", "norm2", "attn"].map { rule("\(foreign).\($0).*", "\(own).\($0).*") } + [
                rule("\(foreign).mlp.0.*", "\(own).mlp.fc1.*"),
                rule("\(foreign).mlp.3.*", "\(own).mlp.fc2.*"),
            ]
        }
        let steps = rows(0..<3) { stage in
            [rule("features.\(2 * stage + 2).*", "backbone.layers.\(stage).downsample.*")]
        }
        return NameTable(
            leftOut: ["norm.*", "head.*", "features.#.#.attn.relative_position_index"], placeAxisCount: 1,
            [
                rule("features.0.0.*", "backbone.patch_embed.proj.*"),
                rule("features.0.2.*", "backbone.patch_embed.norm.*"),
            ] + stages + steps)
    }()

    static let torchvisionRetinaNet: NameTable = {
        let outputs = [
            rule("head.classification_head.cls_logits.*", "bbox_head.retina_cls.*"),
            rule("head.regression_head.bbox_reg.*", "bbox_head.retina_reg.*"),
            rule("head.classification_head.conv.#.0.*", "bbox_head.cls_convs.#.conv.*"),
            rule("head.regression_head.conv.#.0.*", "bbox_head.reg_convs.#.conv.*"),
        ]
        // A ReLU stood between the convolutions.
        let towers = rows(0..<4) { i in
            [
                old("head.classification_head.conv.\(2 * i).*", "bbox_head.cls_convs.\(i).conv.*"),
                old("head.regression_head.conv.\(2 * i).*", "bbox_head.reg_convs.\(i).conv.*"),
            ]
        }
        return NameTable(torchvisionBody(levelCount: 3) + torchvisionExtraLevels + outputs + towers)
    }()

    static let torchvisionFCOS: NameTable = {
        let outputs = [
            rule("head.classification_head.cls_logits.*", "bbox_head.conv_cls.*"),
            rule("head.regression_head.bbox_reg.*", "bbox_head.conv_reg.*"),
            rule("head.regression_head.bbox_ctrness.*", "bbox_head.conv_centerness.*"),
        ]
        // Convolution, group norm and ReLU in one row.
        let towers = rows(0..<4) { i in
            [("classification_head", "cls_convs"), ("regression_head", "reg_convs")].flatMap { foreign, own in
                [
                    rule("head.\(foreign).conv.\(3 * i).*", "bbox_head.\(own).\(i).conv.*"),
                    rule("head.\(foreign).conv.\(3 * i + 1).*", "bbox_head.\(own).\(i).gn.*"),
                ]
            }
        }
        return NameTable(torchvisionBody(levelCount: 3) + torchvisionExtraLevels + outputs + towers)
    }()

    /// Faster and Mask R-CNN. Class 0 is the background there; here it comes last.
    static let torchvisionRCNN: NameTable = {
        let region = [
            rule("rpn.head.conv.0.0.*", "rpn_head.rpn_conv.*"),
            old("rpn.head.conv.*", "rpn_head.rpn_conv.*"),
            rule("rpn.head.cls_logits.*", "rpn_head.rpn_cls.*"),
            rule("rpn.head.bbox_pred.*", "rpn_head.rpn_reg.*"),
        ]
        let boxes = [
            rule("roi_heads.box_head.fc6.*", "roi_head.bbox_head.shared_fcs.0.*"),
            rule("roi_heads.box_head.fc7.*", "roi_head.bbox_head.shared_fcs.1.*"),
            rule("roi_heads.box_predictor.cls_score.*", "roi_head.bbox_head.fc_cls.*", .backgroundLast),
            rule(
                "roi_heads.box_predictor.bbox_pred.*", "roi_head.bbox_head.fc_reg.*",
                .backgroundAbsent(rows: 4)),
        ]
        let masks = [
            rule("roi_heads.mask_predictor.conv5_mask.*", "roi_head.mask_head.upsample.*"),
            rule(
                "roi_heads.mask_predictor.mask_fcn_logits.*", "roi_head.mask_head.conv_logits.*",
                .backgroundAbsent(rows: 1)),
            rule("roi_heads.mask_head.#.0.*", "roi_head.mask_head.convs.#.conv.*"),
        ]
        let oldMasks = rows(0..<4) { i in
            [old("roi_heads.mask_head.mask_fcn\(i + 1).*", "roi_head.mask_head.convs.\(i).conv.*")]
        }
        return NameTable(torchvisionBody(levelCount: 4) + region + boxes + masks + oldMasks)
    }()

    /// Backbone and pyramid; levels beyond `levelCount` have other names.
    private static func torchvisionBody(levelCount: Int) -> [Rule] {
        let levels = rows(0..<levelCount) { i in
            [("inner_blocks", "lateral_convs"), ("layer_blocks", "fpn_convs")].flatMap { foreign, own in
                [
                    rule("backbone.fpn.\(foreign).\(i).0.*", "neck.\(own).\(i).conv.*"),
                    old("backbone.fpn.\(foreign).\(i).*", "neck.\(own).\(i).conv.*"),
                ]
            }
        }
        return [rule("backbone.body.*", "backbone.*")] + levels
    }

    private static let torchvisionExtraLevels = [
        rule("backbone.fpn.extra_blocks.p6.*", "neck.fpn_convs.3.conv.*"),
        rule("backbone.fpn.extra_blocks.p7.*", "neck.fpn_convs.4.conv.*"),
    ]
}
