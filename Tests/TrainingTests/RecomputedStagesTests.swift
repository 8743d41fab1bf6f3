import Detection
import NN
import Tensors
import TestSupport
import Testing

@testable import Training

@Suite(.serialized) struct RecomputedStagesTests {
    /// What the forward pass of a recipe's backbone leaves for the backward pass.
    private func savedBytes(_ config: RunConfig) -> Int {
        let backbone = ModelAssembly(config.model, reducer: LocalStatistics()).backbone()
        backbone.initialize(seed: 1)
        let arena = ParameterArena(backbone.namedParameters)
        arena.beginAccumulation()
        let images = GoldenWeights.images("input", count: 1, channels: 3, height: 64, width: 64, scale: 1)
        let tape = Tape(recording: true)
        // Packs the weights, which stay.
        _ = backbone(images, tape.silent)
        let before = BufferPool.shared.liveByteCount
        let maps = backbone(images, tape)
        defer { withExtendedLifetime(maps) {} }
        return BufferPool.shared.liveByteCount - before
    }

    @Test(arguments: [("resnet18", "batch"), ("mobilenet_v2", "batch"), ("swin_t", "none")])
    func theRecipesNumberReachesTheBackbone(name: String, norm: String) throws {
        func load(_ stages: Int) throws -> RunConfig {
            try Recipes.load(
                "finetune/retinanet_r50_1x_coco.yaml",
                [
                    "model.backbone.name=\(name)", "model.backbone.norm=\(norm)",
                    "model.backbone.weights=none",
                    "model.backbone.frozen_stages=-1", "model.backbone.recomputed_stages=\(stages)",
                ] + (name == "swin_t" ? ["model.backbone.drop_path=0.2"] : []))
        }
        let (none, two) = (try load(0), try load(2))
        #expect(two.model.backbone.recomputedStages == 2)
        let again = try RunConfig(yaml: two.yaml, source: "printed", builtInRoot: Recipes.builtInRoot)
        #expect(again.model == two.model)
        let (kept, repeated) = (savedBytes(none), savedBytes(two))
        #expect(repeated < kept * 9 / 10, "\(repeated) of \(kept) bytes")
    }
}
