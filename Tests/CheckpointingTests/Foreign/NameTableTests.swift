import Foundation
import TestSupport
import Testing

@testable import Checkpointing

/// Names of torchvision's models as PyTorch lists them (`Golden/foreign/torchvision.json`), those of the
/// others as their published models have them.
@Suite struct NameTableTests {
    private static let counter = ".num_batches_tracked"

    private func names(_ model: String) throws -> [String] {
        let all = try JSONDecoder().decode(
            [String: [String: [Int]]].self, from: try Golden.data("foreign/torchvision.json"))
        return try #require(all[model]).keys.sorted()
    }

    /// Every name has one of ours, no two the same, and comes back.
    private func expectRoundTrip(
        _ names: [String], _ table: NameTable, sourceLocation: SourceLocation = #_sourceLocation
    ) -> Set<String> {
        var found = Set<String>()
        for name in names where !table.leavesOut(name) {
            guard let own = table.own(name)?.name else {
                Issue.record("'\(name)' has no name", sourceLocation: sourceLocation)
                continue
            }
            #expect(found.insert(own).inserted, "'\(name)' is not alone", sourceLocation: sourceLocation)
            #expect(table.foreign(own)?.name == name, "\(own)", sourceLocation: sourceLocation)
        }
        return found
    }

    @Test(arguments: [
        ("retinanet_resnet50_fpn", "bbox_head.retina_cls.weight"),
        ("fcos_resnet50_fpn", "bbox_head.cls_convs.3.gn.bias"),
        ("fasterrcnn_resnet50_fpn", "roi_head.bbox_head.fc_cls.weight"),
        ("maskrcnn_resnet50_fpn", "roi_head.mask_head.convs.0.conv.bias"),
    ])
    func detectorsOfTorchvisionTravelBothWays(model: String, sample: String) throws {
        let names = try names(model)
        let own = expectRoundTrip(names, ForeignFamily.torchvision.table(forForeign: names))
        #expect(own.count == names.count)
        #expect(own.contains(sample))
        #expect(
            own.contains("backbone.layer4.2.conv3.weight") && own.contains("neck.lateral_convs.0.conv.bias"))
        let back = try #require(ForeignFamily.torchvision.table(forOwn: Array(own)))
        #expect(
            back.foreign(sample)?.name
                == ForeignFamily.torchvision.table(forForeign: names).foreign(sample)?.name)
    }

    @Test(arguments: ["resnet18", "resnet34", "resnet50", "resnet101", "mobilenet_v2"])
    func classifiersOfTorchvisionLoseTheirClassifier(model: String) throws {
        let names = try names(model)
        let table = ForeignFamily.torchvision.table(forForeign: names)
        let own = expectRoundTrip(names, table)
        #expect(!own.contains { $0.contains("fc.") || $0.contains("classifier") })
        #expect(own.filter { $0.contains("features.18") }.allSatisfy { table.isSpare($0) })
        #expect(
            !table.isSpare("backbone.features.17.conv.3.bias") && !table.isSpare("backbone.layer4.1.bn2.bias")
        )
        #expect(
            own.contains(
                model == "mobilenet_v2" ? "backbone.features.17.conv.3.bias" : "backbone.layer4.1.bn2.bias"))
    }

    /// Files from before torchvision 0.14.
    @Test func olderNamesOfTorchvisionAreRead() throws {
        let retina = NameTable.torchvisionRetinaNet
        let pairs = [
            ("head.classification_head.conv.6.weight", "bbox_head.cls_convs.3.conv.weight"),
            ("head.regression_head.conv.2.bias", "bbox_head.reg_convs.1.conv.bias"),
            ("backbone.fpn.inner_blocks.2.weight", "neck.lateral_convs.2.conv.weight"),
            ("backbone.fpn.layer_blocks.0.bias", "neck.fpn_convs.0.conv.bias"),
        ]
        for (name, own) in pairs { #expect(retina.own(name)?.name == own) }
        let mask = NameTable.torchvisionRCNN
        #expect(mask.own("rpn.head.conv.weight")?.name == "rpn_head.rpn_conv.weight")
        #expect(
            mask.own("roi_heads.mask_head.mask_fcn4.bias")?.name == "roi_head.mask_head.convs.3.conv.bias")
        #expect(mask.own("backbone.fpn.inner_blocks.3.weight")?.name == "neck.lateral_convs.3.conv.weight")
    }

    /// The published list of detectron2's RetinaNet-R50-FPN, put together from its printed structure.
    @Test func retinaNetOfDetectron2TravelsBothWays() throws {
        func norm(_ name: String) -> [String] {
            ["weight", "bias", "running_mean", "running_var"].map { "\(name).\($0)" }
        }
        func conv(_ name: String) -> [String] { ["\(name).weight"] + norm("\(name).norm") }
        func biased(_ name: String) -> [String] { ["\(name).weight", "\(name).bias"] }
        var names = conv("backbone.bottom_up.stem.conv1")
        for (stage, count) in [(2, 3), (3, 4), (4, 6), (5, 3)] {
            names += conv("backbone.bottom_up.res\(stage).0.shortcut")
            for block in 0..<count {
                for i in 1...3 { names += conv("backbone.bottom_up.res\(stage).\(block).conv\(i)") }
            }
        }
        for level in 3...5 {
            names += biased("backbone.fpn_lateral\(level)") + biased("backbone.fpn_output\(level)")
        }
        names += biased("backbone.top_block.p6") + biased("backbone.top_block.p7")
        for i in [0, 2, 4, 6] { names += biased("head.cls_subnet.\(i)") + biased("head.bbox_subnet.\(i)") }
        names += biased("head.cls_score") + biased("head.bbox_pred")
        let table = ForeignFamily.detectron2.table(forForeign: names)
        let own = expectRoundTrip(names, table)
        let torchvision = try self.names("retinanet_resnet50_fpn").filter { !$0.hasSuffix(Self.counter) }
        #expect(own == Set(torchvision.compactMap { NameTable.torchvisionRetinaNet.own($0)?.name }))
        #expect(table.leavesOut("anchor_generator.cell_anchors.0") && table.leavesOut("pixel_mean"))
        #expect(table.own("res4.5.conv2.norm.running_var")?.name == "backbone.layer3.5.bn2.running_var")
    }

    @Test func regionDetectorOfDetectron2TravelsBothWays() {
        let table = ForeignFamily.detectron2.table(forForeign: ["proposal_generator.rpn_head.conv.weight"])
        let pairs = [
            ("backbone.fpn_lateral2.norm.weight", "neck.lateral_convs.0.bn.weight"),
            ("backbone.fpn_output5.weight", "neck.fpn_convs.3.conv.weight"),
            ("proposal_generator.rpn_head.anchor_deltas.bias", "rpn_head.rpn_reg.bias"),
            ("roi_heads.box_head.fc2.weight", "roi_head.bbox_head.shared_fcs.1.weight"),
            ("roi_heads.mask_head.mask_fcn4.weight", "roi_head.mask_head.convs.3.conv.weight"),
            ("roi_heads.mask_head.predictor.weight", "roi_head.mask_head.conv_logits.weight"),
        ]
        for (name, own) in pairs {
            #expect(table.own(name)?.name == own)
            #expect(table.foreign(own)?.name == name)
        }
    }

    /// Stages, blocks and parts there against a row of features here; every one of torchvision's is met.
    @Test func mobileNetOfMMClassificationHasTheSameParts() throws {
        var names: [String] = []
        func part(_ name: String) {
            for leaf in ["conv.weight", "bn.running_var"] { names.append("backbone.\(name).\(leaf)") }
        }
        part("conv1")
        for (stage, count) in [1, 2, 3, 4, 3, 3, 1].enumerated() {
            for block in 0..<count {
                for i in 0..<(stage == 0 ? 2 : 3) { part("layer\(stage + 1).\(block).conv.\(i)") }
            }
        }
        let own = expectRoundTrip(names, ForeignFamily.mmcls.table(forForeign: names))
        // A convolution has one weight of four axes, a norm one running variance.
        let all = try JSONDecoder().decode(
            [String: [String: [Int]]].self, from: try Golden.data("foreign/torchvision.json"))
        let rows = try #require(all["mobilenet_v2"]).filter { name, shape in
            (name.hasSuffix(".weight") && shape.count == 4 || name.hasSuffix("running_var"))
                && !name.hasPrefix("features.18") && !name.hasPrefix("classifier")
        }
        #expect(own == Set(rows.keys.map { "backbone." + $0 }))
    }

    @Test(arguments: [
        (ForeignFamily.moco, "module.encoder_q.layer1.0.conv1.weight", "module.encoder_k.conv1.weight"),
        (.pixpro, "module.encoder.layer1.0.conv1.weight", "module.projector.linear1.weight"),
        (.swav, "module.layer1.0.conv1.weight", ""),
        (.simmim, "encoder.layers.1.blocks.0.attn.qkv.weight", "decoder.0.weight"),
    ])
    func prefixesOfSelfSupervisionAreStripped(family: ForeignFamily, name: String, other: String) {
        let names = other.isEmpty ? [name] : [name, other]
        let table = family.table(forForeign: names)
        let stripped = table.stripped(names)
        let tail = name.split(separator: ".").drop { !$0.hasPrefix("layer") }.joined(separator: ".")
        #expect(stripped[0].flatMap { table.own($0)?.name } == "backbone." + tail)
        if !other.isEmpty { #expect(stripped[1] == nil) }
    }

    @Test func anchorsClassesAndColoursChangePlaces() throws {
        func entry(_ values: [Float], _ shape: [Int]) -> SafetensorsEntry {
            SafetensorsEntry(name: "w", shape: shape, floats: values)
        }
        let table = NameTable.detectron2(isTwoStage: false)
        let change = try #require(table.own("head.bbox_pred.bias")?.change)
        // There size 1, shape 2 is anchor 1 * 3 + 2; here shape 2, size 1 is anchor 2 * 3 + 1.
        let there = entry((0..<36).map { Float($0 / 4) }, [36])
        let here = try #require(change.imported(there))
        #expect(here.floats()?[4 * 7] == 5)
        #expect(change.exported(here)?.bytes == there.bytes)

        // Two channels of four pixels: there channel by channel, pixels 00 01 10 11; here pixels 00 10 01 11.
        let merging = TensorChange.mergedPixels
        let pixels = entry([0, 1, 2, 3, 10, 11, 12, 13], [1, 8])
        #expect(merging.imported(pixels)?.floats() == [0, 10, 2, 12, 1, 11, 3, 13])
        #expect(merging.imported(pixels).flatMap { merging.exported($0) }?.bytes == pixels.bytes)

        let classes = TensorChange.backgroundLast
        let rows = entry([9, 1, 2], [3, 1])
        #expect(classes.imported(rows)?.floats() == [1, 2, 9])
        #expect(classes.imported(rows).flatMap { classes.exported($0) }?.bytes == rows.bytes)
        let boxes = TensorChange.backgroundAbsent(rows: 2)
        #expect(boxes.imported(entry([7, 8, 1, 2], [4]))?.floats() == [1, 2])
        #expect(boxes.exported(entry([1, 2], [2]))?.floats() == [0, 0, 1, 2])
        #expect(entry([1, 2, 3, 4, 5, 6], [2, 3, 1, 1]).withReversedInputs.floats() == [3, 2, 1, 6, 5, 4])
    }
}
