import Foundation
import NN
import TestSupport
import Testing

@testable import Checkpointing
@testable import Training

/// Recipes of models that come from other programs.
@Suite struct ImportedModelTests {
    private func load(_ name: String) throws -> RunConfig {
        try RunConfig.load(path: "builtin:models/\(name).yaml", builtInRoot: Recipes.builtInRoot)
    }

    @Test(arguments: [
        "fcos_resnet50_fpn", "retinanet_resnet50_fpn", "retinanet_r50_fpn", "retinanet_R_50_FPN",
        "detr_resnet50",
        "detr_r50", "faster_rcnn_r50_fpn", "mask_rcnn_r50_fpn", "cascade_rcnn_r50_fpn",
        "cascade_mask_rcnn_r50_fpn", "fasterrcnn_resnet50_fpn", "maskrcnn_resnet50_fpn",
    ])
    func recipesDecodeAndTheirPrintedFormLoadsAgain(name: String) throws {
        let config = try load(name)
        let again = try RunConfig(yaml: config.yaml, source: "printed", builtInRoot: Recipes.builtInRoot)
        #expect(again == config && again.digest == config.digest)
        #expect(config.task == .finetune && config.pipeline.test != nil)
    }

    /// Names and shapes as PyTorch lists them.
    @Test(arguments: ["retinanet_resnet50_fpn", "fcos_resnet50_fpn"])
    func torchvisionsDetectorHasItsParameters(name: String) throws {
        let all = try JSONDecoder().decode(
            [String: [String: [Int]]].self, from: try Golden.data("foreign/torchvision.json"))
        let rows = try #require(all[name]).filter {
            !$0.key.hasSuffix("num_batches_tracked")
        }
        let table = ForeignFamily.torchvision.table(forForeign: Array(rows.keys))
        let expected = Set(rows.compactMap { name, shape in table.own(name).map { "\($0.name) \(shape)" } })
        let network = try ModelAssembly(load(name).model, reducer: LocalStatistics()).detector()
        #expect(Set(network.namedTensors.map { "\($0.path) \($0.tensor.shape)" }) == expected)
        #expect(expected.count == rows.count)
    }

    /// The same where classes and background change places: rows of the background, which nothing reads, are not kept.
    @Test(arguments: ["fasterrcnn_resnet50_fpn", "maskrcnn_resnet50_fpn"])
    func torchvisionsRegionDetectorHasItsParameters(name: String) throws {
        let all = try JSONDecoder().decode(
            [String: [String: [Int]]].self, from: try Golden.data("foreign/torchvision.json"))
        let rows = try #require(all[name]).filter { !$0.key.hasSuffix("num_batches_tracked") }
        let table = ForeignFamily.torchvision.table(forForeign: Array(rows.keys))
        let expected = Set(
            try rows.map { name, shape in
                let own = try #require(table.own(name), "\(name)")
                guard case .backgroundAbsent(let unread) = own.change else { return "\(own.name) \(shape)" }
                return "\(own.name) \([shape[0] - unread] + shape.dropFirst())"
            })
        let network = try ModelAssembly(load(name).model, reducer: LocalStatistics()).detector()
        #expect(Set(network.namedTensors.map { "\($0.path) \($0.tensor.shape)" }) == expected)
        #expect(expected.count == rows.count)
    }

    @Test func torchvisionsRetinaNetHasItsAnchors() throws {
        let network = try ModelAssembly(load("retinanet_resnet50_fpn").model, reducer: LocalStatistics())
            .retinaNet().network
        let own = network.anchorGenerator.baseAnchors.flatMap { level in
            level.flatMap { [$0.0, $0.1, $0.2, $0.3] }
        }
        #expect(own == (try GoldenTensors("retinanet/retinanet.safetensors").floats("cell_anchors")))
    }

    private func tensors(_ name: String) throws -> Set<String> {
        let network = try ModelAssembly(load(name).model, reducer: LocalStatistics()).detector()
        return Set(network.namedTensors.map { "\($0.path) \($0.tensor.shape)" })
    }

    /// Names and shapes of layers that both programs have, behind prefixes of their own.
    private func transformerRows(
        layers: [(foreign: String, attentions: [String], norms: [String])], feedForward: (String, String)
    ) -> [(String, [Int])] {
        layers.flatMap { layer, attentions, norms in
            attentions.flatMap { name in
                [
                    ("\(layer).\(name).in_proj_weight", [768, 256]), ("\(layer).\(name).in_proj_bias", [768]),
                    ("\(layer).\(name).out_proj.weight", [256, 256]),
                    ("\(layer).\(name).out_proj.bias", [256]),
                ]
            } + [
                ("\(layer).\(feedForward.0).weight", [2048, 256]), ("\(layer).\(feedForward.0).bias", [2048]),
                ("\(layer).\(feedForward.1).weight", [256, 2048]), ("\(layer).\(feedForward.1).bias", [256]),
            ] + norms.flatMap { [("\(layer).\($0).weight", [256]), ("\(layer).\($0).bias", [256])] }
        }
    }

    private func backboneRows(_ prefix: String) throws -> [(String, [Int])] {
        let all = try JSONDecoder().decode(
            [String: [String: [Int]]].self, from: try Golden.data("foreign/torchvision.json"))
        return try #require(all["resnet50"]).filter {
            !$0.key.hasPrefix("fc.") && !$0.key.hasSuffix("num_batches_tracked")
        }.map { (prefix + $0.key, $0.value) }
    }

    /// Every tensor has a name of ours and comes back, and together they are the model.
    private func expectModel(
        _ rows: [(String, [Int])], _ family: ForeignFamily, _ model: String,
        sourceLocation: SourceLocation = #_sourceLocation
    ) throws {
        let table = family.table(forForeign: rows.map(\.0))
        var own: Set<String> = []
        for (name, shape) in rows {
            let found = try #require(table.own(name)?.name, "\(name)", sourceLocation: sourceLocation)
            own.insert("\(found) \(shape)")
            #expect(
                family.table(forOwn: [found])?.foreign(found)?.name == name, "\(found)",
                sourceLocation: sourceLocation)
        }
        #expect(own == (try tensors(model)) && own.count == rows.count, sourceLocation: sourceLocation)
    }

    /// As in `detr-r50-e632da11.pth`.
    @Test func detrOfFacebookResearchHasItsParameters() throws {
        let attentions = ["self_attn", "multihead_attn"]
        let layers = (0..<6).flatMap { i in
            [
                ("transformer.encoder.layers.\(i)", Array(attentions.prefix(1)), ["norm1", "norm2"]),
                ("transformer.decoder.layers.\(i)", attentions, ["norm1", "norm2", "norm3"]),
            ]
        }
        let rest: [(String, [Int])] =
            [
                ("transformer.decoder.norm.weight", [256]), ("transformer.decoder.norm.bias", [256]),
                ("input_proj.weight", [256, 2048, 1, 1]), ("input_proj.bias", [256]),
                ("query_embed.weight", [100, 256]), ("class_embed.weight", [92, 256]),
                ("class_embed.bias", [92]),
            ]
            + (0..<3).flatMap { i -> [(String, [Int])] in
                let outputs = i == 2 ? 4 : 256
                return [
                    ("bbox_embed.layers.\(i).weight", [outputs, 256]),
                    ("bbox_embed.layers.\(i).bias", [outputs]),
                ]
            }
        try expectModel(
            try backboneRows("backbone.0.body.")
                + transformerRows(layers: layers, feedForward: ("linear1", "linear2"))
                + rest, .detr, "detr_resnet50")
    }

    /// As in `detr_r50_8x2_150e_coco_20201130_194835-2c4b8974.pth`.
    @Test func detrOfMMDetectionHasItsParameters() throws {
        let attentions = ["attentions.0.attn", "attentions.1.attn"]
        let head = "bbox_head.transformer"
        let layers = (0..<6).flatMap { i in
            [
                ("\(head).encoder.layers.\(i)", Array(attentions.prefix(1)), ["norms.0", "norms.1"]),
                ("\(head).decoder.layers.\(i)", attentions, ["norms.0", "norms.1", "norms.2"]),
            ]
        }
        var rest: [(String, [Int])] = [
            ("\(head).decoder.post_norm.weight", [256]), ("\(head).decoder.post_norm.bias", [256]),
            ("bbox_head.input_proj.weight", [256, 2048, 1, 1]),
            ("bbox_head.query_embedding.weight", [100, 256]),
            ("bbox_head.fc_cls.weight", [81, 256]), ("bbox_head.reg_ffn.layers.0.0.weight", [256, 256]),
            ("bbox_head.reg_ffn.layers.1.weight", [256, 256]), ("bbox_head.fc_reg.weight", [4, 256]),
        ]
        for name in ["input_proj", "fc_cls", "reg_ffn.layers.0.0", "reg_ffn.layers.1", "fc_reg"] {
            let count = name == "fc_cls" ? 81 : name == "fc_reg" ? 4 : 256
            rest.append(("bbox_head.\(name).bias", [count]))
        }
        try expectModel(
            try backboneRows("backbone.")
                + transformerRows(layers: layers, feedForward: ("ffns.0.layers.0.0", "ffns.0.layers.1"))
                + rest, .mmdet,
            "detr_r50")
    }

    /// As in `cascade_mask_rcnn_r50_fpn_1x_coco_20200203-9d4dcb24.pth` and its like.
    @Test(arguments: ["faster", "mask", "cascade", "cascade_mask"])
    func twoStageDetectorsOfMMDetectionHaveTheirParameters(kind: String) throws {
        let isCascade = kind.hasPrefix("cascade")
        let stages = isCascade ? (0..<3).map { ".\($0)" } : [""]
        let boxes = stages.flatMap { stage in
            [
                ("shared_fcs.0", [1024, 12544]), ("shared_fcs.1", [1024, 1024]), ("fc_cls", [81, 1024]),
                ("fc_reg", [isCascade ? 4 : 320, 1024]),
            ].map { ("roi_head.bbox_head\(stage).\($0.0)", $0.1) }
        }
        let masks = stages.flatMap { stage in
            ((0..<4).map { ("convs.\($0).conv", [256, 256, 3, 3]) }
                + [("upsample", [256, 256, 2, 2]), ("conv_logits", [80, 256, 1, 1])]).map {
                    ("roi_head.mask_head\(stage).\($0.0)", $0.1)
                }
        }
        let rpn = [
            ("rpn_conv", [256, 256, 3, 3]), ("rpn_cls", [3, 256, 1, 1]), ("rpn_reg", [12, 256, 1, 1]),
        ].map {
            ("rpn_head.\($0.0)", $0.1)
        }
        let neck = [256, 512, 1024, 2048].enumerated().flatMap { i, inputs in
            [("lateral_convs.\(i)", [256, inputs, 1, 1]), ("fpn_convs.\(i)", [256, 256, 3, 3])]
        }.map { ("neck.\($0.0).conv", $0.1) }
        let layers = neck + rpn + boxes + (kind.hasSuffix("mask") ? masks : [])
        try expectModel(
            try backboneRows("backbone.")
                + layers.flatMap { [("\($0.0).weight", $0.1), ("\($0.0).bias", [$0.1[0]])] }, .mmdet,
            "\(kind)_rcnn_r50_fpn")
    }

    /// MMDetection 3 moved the transformer out of the head; such files are read.
    @Test func newerNamesOfMMDetectionsDETRAreRead() {
        let table = ForeignFamily.mmdet.table(forForeign: ["encoder.layers.0.self_attn.attn.in_proj_bias"])
        let pairs = [
            (
                "encoder.layers.5.self_attn.attn.out_proj.weight",
                "transformer.encoder.layers.5.self_attn.out_proj.weight"
            ),
            (
                "decoder.layers.0.cross_attn.attn.in_proj_bias",
                "transformer.decoder.layers.0.multihead_attn.in_proj_bias"
            ),
            ("decoder.layers.2.ffn.layers.0.0.weight", "transformer.decoder.layers.2.linear1.weight"),
            ("decoder.layers.2.ffn.layers.1.bias", "transformer.decoder.layers.2.linear2.bias"),
            ("decoder.layers.3.norms.2.bias", "transformer.decoder.layers.3.norm3.bias"),
            ("decoder.post_norm.weight", "transformer.decoder.norm.weight"),
            ("neck.convs.0.conv.weight", "input_proj.weight"),
            ("query_embedding.weight", "query_embed.weight"),
            ("bbox_head.projector.2.weight", "projector.2.weight"),
        ]
        for (name, own) in pairs { #expect(table.own(name)?.name == own) }
        // MMDetection's own pyramid stays one.
        #expect(table.own("neck.fpn_convs.0.conv.weight")?.name == "neck.fpn_convs.0.conv.weight")
    }

    @Test func categoriesAreThoseOfTheirDataSet() {
        let all = CategoryNames(count: 91, given: nil)
        #expect(all.ids == Array(0...90))
        #expect(all.names[0] == "__background__" && all.names[12] == "N/A" && all.names[90] == "toothbrush")
        let regions = CategoryNames(count: 90, given: nil)
        #expect(regions.ids == Array(1...90) && regions.names == Array(all.names.dropFirst()))
        let coco = CategoryNames(count: 80, given: nil)
        #expect(coco.ids.count == 80 && coco.ids.first == 1 && coco.ids.last == 90)
        #expect(coco.names[79] == "toothbrush" && coco.names[11] == "stop sign" && coco.ids[11] == 13)
        let own = CategoryNames(count: 2, given: ["cell", "grain"])
        #expect(own.names == ["cell", "grain"] && own.ids == [0, 1])
    }
}
