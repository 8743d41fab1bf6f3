import Testing

extension ProgramTests {
    /// `estimate` on recipes of every kind, cut down: a training step of each runs.
    @Suite struct RecipeEstimateTests {
        private static let small = [
            "batch.micro=1", "model.neck.channels=16", "model.head.channels=16", "model.head.width=16",
        ]
        private static let sized = small + ["pipeline.resize.short_sides=[64]"]
        private static let tiny = ["model.backbone.name=swin_t", "model.mask.channels=16", "model.rpn.channels=16"]

        static let cases: [(recipe: String, options: [String])] = [
            ("supervised/mask_rcnn_swin-s_1x_coco", sized + tiny),
            ("pretrain/aligndet_faster_rcnn_swin-s_1x_coco", sized + ["model.backbone.name=swin_t", "model.rpn.channels=16"]),
            ("direct/mask_rcnn_swin-t_p1x_coco", small + tiny + ["pipeline.crop=64"]),
            ("finetune/faster_rcnn_mbv2_1x_coco", sized + ["model.rpn.channels=16"]),
            ("finetune/mask_rcnn_r50-swav_mstrain_1x_coco", sized + ["model.backbone.name=resnet18", "model.rpn.channels=16"]),
        ]

        @Test(arguments: cases) func aStepOfTheRecipeRuns(recipe: String, options: [String]) throws {
            let folder = try WorkFolder()
            let outcome = try Program.run(
                ["estimate", "\(Program.root)/configs/\(recipe).yaml", "--images", "1600", "--cfg-options"] + options,
                in: folder.path)
            try #require(outcome.status == 0, "\(outcome)")
            let global = recipe.hasPrefix("direct") ? 25 : 100
            #expect(outcome.output.contains("\nepoch         \(global) steps\n"), "\(outcome)")
        }
    }
}
