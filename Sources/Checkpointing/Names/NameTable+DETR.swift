/// DETR as MMDetection names it; our names are those of facebookresearch/detr.
/// - Source: mmdet 2.25 `dense_heads/detr_head.py` with mmcv 1.6 `cnn/bricks/transformer.py`; mmdet 3.3
///   `detectors/detr.py`, `layers/transformer`.
extension NameTable {
    static let mmDETR: [Rule] = mmSecondDETR + mmThirdDETR

    private static let mmSecondDETR: [Rule] = {
        let head = "bbox_head"
        return mmDETRLayers("\(head).transformer.") {
            $0 == "self_attn"
                ? "attentions.0.attn" : $0 == "multihead_attn" ? "attentions.1.attn" : "ffns.0.layers"
        } + [
            rule("\(head).transformer.encoder.post_norm.*", "transformer.encoder.norm.*"),
            rule("\(head).transformer.decoder.post_norm.*", "transformer.decoder.norm.*"),
            rule("\(head).input_proj.*", "input_proj.*"), rule("\(head).query_embedding.*", "query_embed.*"),
            rule("\(head).fc_cls.*", "class_embed.*"),
            rule("\(head).reg_ffn.layers.0.0.*", "bbox_embed.layers.0.*"),
            rule("\(head).reg_ffn.layers.1.*", "bbox_embed.layers.1.*"),
            rule("\(head).fc_reg.*", "bbox_embed.layers.2.*"),
            // AlignDet's.
            rule("\(head).projector.*", "projector.*"),
        ]
    }()

    /// Names of MMDetection 3, which are read but not written; those of the head are as above.
    private static let mmThirdDETR: [Rule] = {
        let layers = mmDETRLayers("") {
            $0 == "self_attn" ? "self_attn.attn" : $0 == "multihead_attn" ? "cross_attn.attn" : "ffn.layers"
        }
        return
            (layers + [
                rule("encoder.post_norm.*", "transformer.encoder.norm.*"),
                rule("decoder.post_norm.*", "transformer.decoder.norm.*"),
                rule("neck.convs.0.conv.*", "input_proj.*"), rule("query_embedding.*", "query_embed.*"),
            ]).map { Rule(foreign: $0.foreign, own: $0.own, change: $0.change, isOld: true) }
    }()

    /// - part: what stands for `self_attn`, `multihead_attn` and the feed-forward layers.
    private static func mmDETRLayers(_ prefix: String, _ part: (String) -> String) -> [Rule] {
        ["encoder", "decoder"].flatMap { side in
            let (foreign, own) = ("\(prefix)\(side).layers.#", "transformer.\(side).layers.#")
            let attentions = side == "encoder" ? ["self_attn"] : ["self_attn", "multihead_attn"]
            return attentions.map { rule("\(foreign).\(part($0)).*", "\(own).\($0).*") }
                + [
                    rule("\(foreign).\(part("ffn")).0.0.*", "\(own).linear1.*"),
                    rule("\(foreign).\(part("ffn")).1.*", "\(own).linear2.*"),
                ]
                + rows(0..<(attentions.count + 1)) { i in
                    [rule("\(foreign).norms.\(i).*", "\(own).norm\(i + 1).*")]
                }
        }
    }
}
