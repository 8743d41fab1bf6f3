/// MMDetection 2 and 3, MMClassification, MMSelfSup. Our names are theirs but for MobileNetV2, whose names
/// are torchvision's.
/// - Source: mmdet 2.25 and 3.3 `models`; mmcls 0.25 `models/backbones/mobilenet_v2.py`.
extension NameTable {
    static func mmdetection(mobileNet: Bool) -> NameTable {
        NameTable(
            prefixes: ["model."],
            leftOut: [
                "data_preprocessor.*", mmWindowIndex,
                "backbone.layers.#.blocks.#.attn.relative_position_index",
            ],
            spare: [lastConvolution], placeAxisCount: 2,
            (mobileNet ? mmMobileNet : []) + mmSwin + mmDETR + [
                rule("backbone.*", "backbone.*"), rule("neck.*", "neck.*"),
                rule("bbox_head.*", "bbox_head.*"),
                rule("rpn_head.*", "rpn_head.*"), rule("roi_head.*", "roi_head.*"),
            ])
    }

    /// Only the backbone of a classifier or of self-supervised training.
    static func mmclassification(mobileNet: Bool) -> NameTable {
        NameTable(
            leftOut: [
                "head.*", "neck.*", "data_preprocessor.*", "encoder_k.*", "target_net.*", "queue",
                "queue_ptr", "backbone.mask_token", mmWindowIndex,
            ],
            spare: [lastConvolution],
            (mobileNet ? mmMobileNet : []) + mmSwin + [rule("backbone.*", "backbone.*")])
    }

    /// MobileNetV2's, behind its blocks: classifiers have it always, detectors where they ask for it.
    static let lastConvolution = "backbone.features.18.*"

    /// Made anew from the window's size.
    private static let mmWindowIndex = "backbone.stages.#.blocks.#.attn.w_msa.relative_position_index"

    /// Swin's own names are its authors'; a patch merging there gathers its pixels with `Unfold`.
    private static let mmSwin: [Rule] = {
        let (foreign, own) = ("backbone.stages.#.blocks.#", "backbone.layers.#.blocks.#")
        return [
            rule("backbone.patch_embed.projection.*", "backbone.patch_embed.proj.*"),
            rule("\(foreign).attn.w_msa.*", "\(own).attn.*"),
            rule("\(foreign).ffn.layers.0.0.*", "\(own).mlp.fc1.*"),
            rule("\(foreign).ffn.layers.1.*", "\(own).mlp.fc2.*"),
            rule("\(foreign).norm1.*", "\(own).norm1.*"), rule("\(foreign).norm2.*", "\(own).norm2.*"),
            rule("backbone.stages.#.downsample.norm.*", "backbone.layers.#.downsample.norm.*", .mergedPixels),
            rule(
                "backbone.stages.#.downsample.reduction.*", "backbone.layers.#.downsample.reduction.*",
                .mergedPixels),
        ]
    }()

    /// Seven stages of blocks there, one row of features here.
    private static let mmMobileNet: [Rule] = {
        var rules = [
            rule("backbone.conv1.conv.*", "backbone.features.0.0.*"),
            rule("backbone.conv1.bn.*", "backbone.features.0.1.*"),
            rule("backbone.conv2.conv.*", "backbone.features.18.0.*"),
            rule("backbone.conv2.bn.*", "backbone.features.18.1.*"),
        ]
        var feature = 1
        // Blocks of each stage: Sandler et al. 2018, table 2.
        for (stage, blockCount) in [1, 2, 3, 4, 3, 3, 1].enumerated() {
            for block in 0..<blockCount {
                let (foreign, own) = (
                    "backbone.layer\(stage + 1).\(block).conv", "backbone.features.\(feature).conv"
                )
                // The first stage does not expand, so it has one convolution less.
                let last = stage == 0 ? 1 : 2
                for i in 0..<last {
                    rules.append(rule("\(foreign).\(i).conv.*", "\(own).\(i).0.*"))
                    rules.append(rule("\(foreign).\(i).bn.*", "\(own).\(i).1.*"))
                }
                rules.append(rule("\(foreign).\(last).conv.*", "\(own).\(last).*"))
                rules.append(rule("\(foreign).\(last).bn.*", "\(own).\(last + 1).*"))
                feature += 1
            }
        }
        return rules
    }()
}
