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

    @Test(arguments: ["fcos_resnet50_fpn", "retinanet_resnet50_fpn", "retinanet_r50_fpn", "retinanet_R_50_FPN"])
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

    @Test func torchvisionsRetinaNetHasItsAnchors() throws {
        let network = try ModelAssembly(load("retinanet_resnet50_fpn").model, reducer: LocalStatistics())
            .retinaNet().network
        let own = network.anchorGenerator.baseAnchors.flatMap { level in
            level.flatMap { [$0.0, $0.1, $0.2, $0.3] }
        }
        #expect(own == (try GoldenTensors("retinanet/retinanet.safetensors").floats("cell_anchors")))
    }

    @Test func categoriesAreThoseOfTheirDataSet() {
        let all = CategoryNames(count: 91, given: nil)
        #expect(all.ids == Array(0...90))
        #expect(all.names[0] == "__background__" && all.names[12] == "N/A" && all.names[90] == "toothbrush")
        let coco = CategoryNames(count: 80, given: nil)
        #expect(coco.ids.count == 80 && coco.ids.first == 1 && coco.ids.last == 90)
        #expect(coco.names[79] == "toothbrush" && coco.names[11] == "stop sign" && coco.ids[11] == 13)
        let own = CategoryNames(count: 2, given: ["cell", "grain"])
        #expect(own.names == ["cell", "grain"] && own.ids == [0, 1])
    }
}
