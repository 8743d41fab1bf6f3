import Foundation
import NN
import TestSupport
import Testing

@testable import Checkpointing
@testable import Training

/// Whole detectors of MMDetection and detectron2: every tensor of their published files, and no other, is one of ours.
///
/// The lists are put together from the models' structure: mmdet 2.25 `retinanet_r50_fpn`, `fcos_r50_caffe_fpn_gn-head`
/// (with `conv_bias='auto'`), `faster_rcnn_r50_fpn`, `mask_rcnn_r50_fpn` and `mask_rcnn_swin-t-p4-w7_fpn`; detectron2 0.6
/// `faster_rcnn_R_50_FPN`, `mask_rcnn_R_50_FPN`.
@Suite struct PublishedModelTests {
    private typealias Rows = [String: [Int]]

    private func layer(_ name: String, _ shape: [Int]) -> Rows {
        ["\(name).weight": shape, "\(name).bias": [shape[0]]]
    }

    private func pyramid(_ inputs: [Int], extras: Int, _ name: (_ isLateral: Bool, _ level: Int) -> String)
        -> Rows
    {
        var rows: Rows = [:]
        for (i, channels) in inputs.enumerated() {
            rows.merge(layer(name(true, i), [256, channels, 1, 1])) { a, _ in a }
            rows.merge(layer(name(false, i), [256, 256, 3, 3])) { a, _ in a }
        }
        for i in 0..<extras {
            rows.merge(
                layer(name(false, inputs.count + i), [256, i == 0 ? inputs[inputs.count - 1] : 256, 3, 3])
            ) { a, _ in a }
        }
        return rows
    }

    private func joined(_ parts: [Rows]) -> Rows { parts.reduce(into: [:]) { $0.merge($1) { a, _ in a } } }

    /// torchvision's ResNet-50 with names of another program.
    private func resNet(_ name: (String) -> String) throws -> Rows {
        let all = try JSONDecoder().decode(
            [String: Rows].self, from: try Golden.data("foreign/torchvision.json"))
        let rows = try #require(all["resnet50"]).filter { !$0.key.hasPrefix("fc.") }
        return Dictionary(uniqueKeysWithValues: rows.map { (name($0.key), $0.value) })
    }

    private func expect(
        _ rows: Rows, _ family: ForeignFamily, _ recipe: String, _ overrides: [String],
        sourceLocation: SourceLocation = #_sourceLocation
    ) throws {
        let config = try Recipes.load(recipe, overrides)
        let network = ModelAssembly(config.model, reducer: LocalStatistics()).detector()
        let table = family.table(forForeign: Array(rows.keys))
        var own = Set<String>()
        for (name, shape) in rows where !table.leavesOut(name) {
            let found = try #require(table.own(name)?.name, "\(name)", sourceLocation: sourceLocation)
            #expect(table.foreign(found)?.name == name, "\(found)", sourceLocation: sourceLocation)
            if !found.hasSuffix("num_batches_tracked") { own.insert("\(found) \(shape)") }
        }
        let wanted = Set(network.namedTensors.map { "\($0.path) \($0.tensor.shape)" })
        #expect(
            own.subtracting(wanted).isEmpty, "\(own.subtracting(wanted).sorted())",
            sourceLocation: sourceLocation)
        #expect(
            wanted.subtracting(own).isEmpty, "\(wanted.subtracting(own).sorted())",
            sourceLocation: sourceLocation)
    }

    private static let plain = ["model.neck.norm=none"]
    /// The published region heads have two layers where AlignDet's recipes have four convolutions and one.
    private static let twoLayers = plain + ["model.head.stacked_convs=0", "model.head.layers=2"]

    private func neck(_ isLateral: Bool, _ level: Int) -> String {
        "neck.\(isLateral ? "lateral" : "fpn")_convs.\(level).conv"
    }

    @Test func retinaNetOfMMDetection() throws {
        let towers = ["cls_convs", "reg_convs"].flatMap { tower in
            (0..<4).map { layer("bbox_head.\(tower).\($0).conv", [256, 256, 3, 3]) }
        }
        let rows = joined(
            [
                try resNet { "backbone." + $0 }, pyramid([512, 1024, 2048], extras: 2, neck),
                layer("bbox_head.retina_cls", [720, 256, 3, 3]),
                layer("bbox_head.retina_reg", [36, 256, 3, 3]),
            ] + towers)
        try expect(rows, .mmdet, "supervised/retinanet_r50_1x_coco.yaml", Self.plain)
    }

    @Test func fcosOfMMDetection() throws {
        var rows = joined([
            try resNet { "backbone." + $0 }, pyramid([512, 1024, 2048], extras: 0, neck),
            layer("neck.fpn_convs.3.conv", [256, 256, 3, 3]),
            layer("neck.fpn_convs.4.conv", [256, 256, 3, 3]),
            layer("bbox_head.conv_cls", [80, 256, 3, 3]), layer("bbox_head.conv_reg", [4, 256, 3, 3]),
            layer("bbox_head.conv_centerness", [1, 256, 3, 3]),
        ])
        for tower in ["cls_convs", "reg_convs"] {
            for i in 0..<4 {
                rows["bbox_head.\(tower).\(i).conv.weight"] = [256, 256, 3, 3]
                rows.merge(layer("bbox_head.\(tower).\(i).gn", [256])) { a, _ in a }
            }
        }
        for i in 0..<5 { rows["bbox_head.scales.\(i).scale"] = [] }
        try expect(rows, .mmdet, "supervised/fcos_r50_1x_coco.yaml", Self.plain)
    }

    private func regions(_ isMask: Bool) -> [Rows] {
        let masks =
            (0..<4).map { layer("roi_head.mask_head.convs.\($0).conv", [256, 256, 3, 3]) } + [
                layer("roi_head.mask_head.upsample", [256, 256, 2, 2]),
                layer("roi_head.mask_head.conv_logits", [80, 256, 1, 1]),
            ]
        return [
            layer("rpn_head.rpn_conv", [256, 256, 3, 3]), layer("rpn_head.rpn_cls", [3, 256, 1, 1]),
            layer("rpn_head.rpn_reg", [12, 256, 1, 1]),
            layer("roi_head.bbox_head.shared_fcs.0", [1024, 12544]),
            layer("roi_head.bbox_head.shared_fcs.1", [1024, 1024]),
            layer("roi_head.bbox_head.fc_cls", [81, 1024]),
            layer("roi_head.bbox_head.fc_reg", [320, 1024]),
        ] + (isMask ? masks : [])
    }

    @Test(arguments: [false, true]) func regionDetectorsOfMMDetection(isMask: Bool) throws {
        let rows = joined(
            [try resNet { "backbone." + $0 }, pyramid([256, 512, 1024, 2048], extras: 0, neck)]
                + regions(isMask))
        let detector = isMask ? "mask_rcnn" : "faster_rcnn"
        try expect(rows, .mmdet, "supervised/\(detector)_r50_1x_coco.yaml", Self.twoLayers)
    }

    @Test func swinDetectorOfMMDetection() throws {
        let all = try JSONDecoder().decode(
            [String: [String: Rows]].self, from: try Golden.data("foreign/backbones.json"))
        let swin = try #require(all["mmcls"]?["swin_t"]).filter { $0.key.hasPrefix("backbone.") }
        let norms = (0..<3).map { layer("backbone.norm\($0)", [96 << $0]) }
        let rows = joined([swin, pyramid([96, 192, 384, 768], extras: 0, neck)] + norms + regions(true))
        try expect(rows, .mmdet, "direct/mask_rcnn_swin-t_p1x_coco.yaml", Self.twoLayers)
    }

    @Test(arguments: [false, true]) func regionDetectorsOfDetectron2(isMask: Bool) throws {
        func norm(_ name: String, _ leaf: Substring) -> String { "backbone.bottom_up.\(name).norm.\(leaf)" }
        let body = try resNet { name in
            let parts = name.split(separator: ".")
            let leaf = parts[parts.count - 1]
            guard parts[0].hasPrefix("layer") else {
                return parts[0] == "bn1" ? norm("stem.conv1", leaf) : "backbone.bottom_up.stem.conv1.\(leaf)"
            }
            let block = "res\((Int(parts[0].dropFirst(5)) ?? 0) + 1).\(parts[1])"
            if parts[2] == "downsample" {
                return parts[3] == "1"
                    ? norm("\(block).shortcut", leaf) : "backbone.bottom_up.\(block).shortcut.\(leaf)"
            }
            let conv = "\(block).conv\(parts[2].last ?? "0")"
            return parts[2].hasPrefix("bn") ? norm(conv, leaf) : "backbone.bottom_up.\(conv).\(leaf)"
        }.filter { !$0.key.hasSuffix("num_batches_tracked") }
        let masks =
            (1...4).map { layer("roi_heads.mask_head.mask_fcn\($0)", [256, 256, 3, 3]) } + [
                layer("roi_heads.mask_head.deconv", [256, 256, 2, 2]),
                layer("roi_heads.mask_head.predictor", [80, 256, 1, 1]),
            ]
        let rows = joined(
            [
                body,
                pyramid([256, 512, 1024, 2048], extras: 0) { isLateral, level in
                    "backbone.fpn_\(isLateral ? "lateral" : "output")\(level + 2)"
                },
                layer("proposal_generator.rpn_head.conv", [256, 256, 3, 3]),
                layer("proposal_generator.rpn_head.objectness_logits", [3, 256, 1, 1]),
                layer("proposal_generator.rpn_head.anchor_deltas", [12, 256, 1, 1]),
                layer("roi_heads.box_head.fc1", [1024, 12544]),
                layer("roi_heads.box_head.fc2", [1024, 1024]),
                layer("roi_heads.box_predictor.cls_score", [81, 1024]),
                layer("roi_heads.box_predictor.bbox_pred", [320, 1024]),
                ["pixel_mean": [3, 1, 1], "proposal_generator.anchor_generator.cell_anchors.0": [3, 4]],
            ] + (isMask ? masks : []))
        let detector = isMask ? "mask_rcnn" : "faster_rcnn"
        try expect(rows, .detectron2, "supervised/\(detector)_r50_1x_coco.yaml", Self.twoLayers)
    }
}
