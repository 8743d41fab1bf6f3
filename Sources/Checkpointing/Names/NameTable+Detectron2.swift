/// - Source: detectron2 0.6 `modeling`: `backbone/resnet.py`, `backbone/fpn.py`, `meta_arch/retinanet.py`,
///   `proposal_generator/rpn.py`, `roi_heads`.
extension NameTable {
    static func detectron2(isTwoStage: Bool) -> NameTable {
        let head = isTwoStage ? detectron2RCNN : detectron2RetinaNet
        // A backbone alone has no prefix.
        let bare = detectron2Body("").map {
            Rule(foreign: $0.foreign, own: $0.own, change: $0.change, isOld: true)
        }
        let pyramid = detectron2Pyramid(firstLevel: isTwoStage ? 2 : 3)
        return NameTable(
            leftOut: [
                "pixel_mean", "pixel_std", "anchor_generator.*", "proposal_generator.anchor_generator.*",
            ],
            detectron2Body("backbone.bottom_up.") + pyramid + head + bare)
    }

    private static func detectron2Body(_ prefix: String) -> [Rule] {
        var rules = [
            rule("\(prefix)stem.conv1.norm.*", "backbone.bn1.*"),
            rule("\(prefix)stem.conv1.*", "backbone.conv1.*"),
        ]
        for stage in 1...4 {
            let (foreign, own) = ("\(prefix)res\(stage + 1).#", "backbone.layer\(stage).#")
            for i in 1...3 {
                rules.append(rule("\(foreign).conv\(i).norm.*", "\(own).bn\(i).*"))
                rules.append(rule("\(foreign).conv\(i).*", "\(own).conv\(i).*"))
            }
            rules.append(rule("\(foreign).shortcut.norm.*", "\(own).downsample.1.*"))
            rules.append(rule("\(foreign).shortcut.*", "\(own).downsample.0.*"))
        }
        return rules
    }

    private static func detectron2Pyramid(firstLevel: Int) -> [Rule] {
        let levels = rows(firstLevel..<6) { level in
            [("lateral", "lateral_convs"), ("output", "fpn_convs")].flatMap { foreign, own in
                [
                    rule("backbone.fpn_\(foreign)\(level).norm.*", "neck.\(own).\(level - firstLevel).bn.*"),
                    rule("backbone.fpn_\(foreign)\(level).*", "neck.\(own).\(level - firstLevel).conv.*"),
                ]
            }
        }
        let extra = [
            rule("backbone.top_block.p6.*", "neck.fpn_convs.3.conv.*"),
            rule("backbone.top_block.p7.*", "neck.fpn_convs.4.conv.*"),
        ]
        return firstLevel == 3 ? levels + extra : levels
    }

    /// Three sizes of three shapes at each cell: size by size there, shape by shape here.
    private static let anchorOrder = TensorChange.leadingBlocks(order: [0, 3, 6, 1, 4, 7, 2, 5, 8])

    private static let detectron2RetinaNet =
        [
            rule("head.cls_score.*", "bbox_head.retina_cls.*", anchorOrder),
            rule("head.bbox_pred.*", "bbox_head.retina_reg.*", anchorOrder),
        ]
        // A ReLU stands between the convolutions.
        + rows(0..<4) { i in
            [
                rule("head.cls_subnet.\(2 * i).*", "bbox_head.cls_convs.\(i).conv.*"),
                rule("head.bbox_subnet.\(2 * i).*", "bbox_head.reg_convs.\(i).conv.*"),
            ]
        }

    private static let detectron2RCNN =
        [
            rule("proposal_generator.rpn_head.conv.*", "rpn_head.rpn_conv.*"),
            rule("proposal_generator.rpn_head.objectness_logits.*", "rpn_head.rpn_cls.*"),
            rule("proposal_generator.rpn_head.anchor_deltas.*", "rpn_head.rpn_reg.*"),
            rule("roi_heads.box_head.fc1.*", "roi_head.bbox_head.shared_fcs.0.*"),
            rule("roi_heads.box_head.fc2.*", "roi_head.bbox_head.shared_fcs.1.*"),
            rule("roi_heads.box_predictor.cls_score.*", "roi_head.bbox_head.fc_cls.*"),
            rule("roi_heads.box_predictor.bbox_pred.*", "roi_head.bbox_head.fc_reg.*"),
            rule("roi_heads.mask_head.deconv.*", "roi_head.mask_head.upsample.*"),
            rule("roi_heads.mask_head.predictor.*", "roi_head.mask_head.conv_logits.*"),
        ]
        + rows(0..<4) { i in
            [
                rule("roi_heads.mask_head.mask_fcn\(i + 1).norm.*", "roi_head.mask_head.convs.\(i).bn.*"),
                rule("roi_heads.mask_head.mask_fcn\(i + 1).*", "roi_head.mask_head.convs.\(i).conv.*"),
                rule("roi_heads.box_head.conv\(i + 1).norm.*", "roi_head.bbox_head.shared_convs.\(i).bn.*"),
                rule("roi_heads.box_head.conv\(i + 1).*", "roi_head.bbox_head.shared_convs.\(i).conv.*"),
            ]
        }
}
