/// Backbones of self-supervised training, in torchvision's names behind a prefix, and DETR.
extension NameTable {
    private static let residualRows = [
        rule("conv1.*", "backbone.conv1.*"), rule("bn1.*", "backbone.bn1.*"),
        rule("layer1.*", "backbone.layer1.*"),
        rule("layer2.*", "backbone.layer2.*"), rule("layer3.*", "backbone.layer3.*"),
        rule("layer4.*", "backbone.layer4.*"),
    ]

    /// - Source: github.com/facebookresearch/moco `moco/builder.py`.
    static let moco = NameTable(prefixes: ["encoder_q."], leftOut: ["fc.*"], residualRows)

    /// - Source: github.com/zdaxie/PixPro `contrast/models/PixPro.py`.
    static let pixPro = NameTable(prefixes: ["encoder."], leftOut: ["fc.*"], residualRows)

    /// - Source: github.com/facebookresearch/swav `src/resnet50.py`.
    static let swav = NameTable(leftOut: ["projection_head.*", "prototypes.*", "fc.*"], residualRows)

    /// Swin in the names of its authors, behind `encoder.` where SimMIM trained it.
    /// - Source: github.com/microsoft/SimMIM `models/simmim.py`, github.com/microsoft/Swin-Transformer.
    static let simMIM = NameTable(
        prefixes: ["encoder."],
        leftOut: [
            "mask_token", "head.*", "norm.*", "layers.#.blocks.#.attn_mask",
            "layers.#.blocks.#.attn.relative_position_index",
        ],
        [
            rule("patch_embed.*", "backbone.patch_embed.*"), rule("layers.*", "backbone.layers.*"),
            rule("norm0.*", "backbone.norm0.*"), rule("norm1.*", "backbone.norm1.*"),
            rule("norm2.*", "backbone.norm2.*"), rule("norm3.*", "backbone.norm3.*"),
        ])

    /// - Source: github.com/facebookresearch/detr `models/detr.py`, `models/backbone.py`; UP-DETR adds the
    ///   last two.
    static let detr = NameTable(
        leftOut: ["patch2query.*", "feature_align.*"],
        [
            rule("backbone.0.body.*", "backbone.*"), rule("input_proj.*", "input_proj.*"),
            rule("transformer.*", "transformer.*"), rule("query_embed.*", "query_embed.*"),
            rule("class_embed.*", "class_embed.*"), rule("bbox_embed.*", "bbox_embed.*"),
        ])

    /// Our own names.
    static let own = NameTable([rule("*", "*")])
}
