import Foundation
import NN
import TestSupport
import Testing

@testable import Checkpointing
@testable import Training

/// Files of backbones as their programs write them (`Golden/foreign/backbones.json`).
@Suite struct ImportedBackboneTests {
    private static let files: [(family: ForeignFamily, model: String, name: BackboneConfig.Name)] = [
        (.torchvision, "swin_t", .swinTiny), (.torchvision, "swin_s", .swinSmall),
        (.torchvision, "swin_b", .swinBase),
        (.moco, "resnet50", .resnet50), (.pixpro, "resnet50", .resnet50), (.swav, "resnet50", .resnet50),
        (.swin, "swin_t", .swinTiny), (.simmim, "swin_b", .swinBase), (.mmcls, "swin_t", .swinTiny),
        (.mmcls, "mobilenet_v2", .mobilenetV2), (.mmcls, "resnet50", .resnet50),
        (.mmselfsup, "swin_b", .swinBase),
        (.mmselfsup, "resnet50", .resnet50),
    ]

    private func rows(_ family: ForeignFamily, _ model: String) throws -> [String: [Int]] {
        let all = try JSONDecoder().decode(
            [String: [String: [String: [Int]]]].self, from: try Golden.data("foreign/backbones.json"))
        return try #require(all[family.rawValue]?[model])
    }

    /// Every tensor of the network has its place in the file; what is left of the file is known not to belong to it.
    @Test(arguments: files) func everyTensorHasItsPlace(
        family: ForeignFamily, model: String, name: BackboneConfig.Name
    ) throws {
        let rows = try rows(family, model).sorted { $0.key < $1.key }
        let names = rows.map(\.key)
        let bare =
            names.allSatisfy { $0.hasPrefix("module.") } ? names.map { String($0.dropFirst(7)) } : names
        let table = family.table(forForeign: bare)
        var found: [String: [Int]] = [:]
        for ((foreign, shape), stripped) in zip(rows, table.stripped(names)) {
            guard let stripped, !table.leavesOut(stripped) else { continue }
            let own = try #require(table.own(stripped)?.name, "\(foreign)")
            if own.hasSuffix(".num_batches_tracked") { continue }
            #expect(found.updateValue(shape, forKey: own) == nil, "\(foreign) is not alone")
        }
        let variant = BackboneVariant(name: name, hasFinalConvolution: name == .mobilenetV2)
        let network = ModelAssembly.backbone(
            variant, frozenStages: -1, norm: .frozen, reducer: LocalStatistics())
        var wanted: [String: [Int]] = [:]
        for (path, tensor) in network.namedTensors { wanted["backbone." + path] = tensor.shape }
        let missing = Set(wanted.keys).subtracting(found.keys)
        #expect(missing.allSatisfy { $0.hasPrefix("backbone.norm") }, "\(missing.sorted().prefix(3))")
        #expect(missing.isEmpty == !name.isSwin)
        #expect(
            Set(found.keys).isSubset(of: wanted.keys),
            "\(Set(found.keys).subtracting(wanted.keys).sorted().prefix(3))")
        for (own, shape) in found where shape != wanted[own] {
            // Windows of 6 for windows of 7.
            #expect(
                own.hasSuffix(RelativePositionTable.suffix) && shape[0] == 121 && wanted[own]?[0] == 169,
                "\(own)")
        }
    }

    /// MMDetection's Swin comes back under its names, with the list of places that its modules keep.
    @Test func swinOfMMDetectionTravelsBothWays() throws {
        let rows = try rows(.mmcls, "swin_t").filter { $0.key.hasPrefix("backbone.") }
        let table = ForeignFamily.mmdet.table(forForeign: Array(rows.keys))
        var count = 0
        for name in rows.keys where !table.leavesOut(name) {
            let own = try #require(table.own(name))
            #expect(table.foreign(own.name)?.name == name, "\(own.name)")
            // The pixels of a step lie in another order there.
            #expect((own.change == .mergedPixels) == name.contains("downsample"), "\(name)")
            count += 1
        }
        #expect(count == rows.count - 12)
        #expect(
            rows.keys.filter { table.leavesOut($0) }.allSatisfy { $0.hasSuffix("relative_position_index") })
    }

    @Test func variantsAreKnownByTheirFirstLayer() {
        for variant in BackboneVariant.known where variant.name != .swinLarge {
            let network = ModelAssembly.backbone(
                variant, frozenStages: -1, norm: .frozen, reducer: LocalStatistics())
            let stem = network.namedTensors.first { "backbone." + $0.path == variant.stem.name }
            #expect(
                stem != nil && stem?.tensor.shape[0] == variant.stem.outputs ?? stem?.tensor.shape[0],
                "\(variant)")
        }
    }
}
