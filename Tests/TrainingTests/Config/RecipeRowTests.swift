import Detection
import NN
import Testing

@testable import Training

/// The recipes' numbers against the tables of the published configurations.
@Suite struct RecipeRowTests {
    /// One network for each model among the recipes.
    @Test func everyRecipesModelCanBeBuilt() throws {
        var built = Set<String>()
        for name in try Recipes.all() {
            let config = try Recipes.load(name)
            guard built.insert("\(config.model)").inserted else { continue }
            let assembly = ModelAssembly(config.model, reducer: LocalStatistics())
            let network = assembly.detector()
            #expect(network.trainedParameters.count > 20, "\(name)")
            let frozen = config.model.backbone.frozenStages == config.model.backbone.name.stageCount
            #expect(
                network.trainedParameters.contains { $0.path.hasPrefix("backbone.") } != frozen, "\(name)")
        }
        #expect(built.count > 30)
    }

    struct Row: Sendable, CustomTestStringConvertible {
        let name: String
        let rate: Double
        let decay: Double
        var length = 12
        var steps = [8, 11]
        var global = 16
        var warmUp = ScheduleConfig.WarmUp.linear(steps: 500, ratio: 0.001)
        var testDescription: String { name }
    }

    private static let slow = ScheduleConfig.WarmUp.linear(steps: 1000, ratio: 0.001)
    private static let direct = ScheduleConfig.WarmUp.linear(steps: 500, ratio: 0.01)

    static let rows: [Row] = [
        Row(name: "finetune/mask_rcnn_r50_2x_coco", rate: 0.03, decay: 5e-5, length: 24, steps: [16, 22]),
        Row(name: "supervised/mask_rcnn_r50_3x_coco", rate: 0.02, decay: 1e-4, length: 36, steps: [27, 33]),
        Row(name: "finetune/retinanet_r50_mstrain_1x_coco", rate: 0.015, decay: 5e-5),
        Row(name: "finetune/retinanet_r50-moco_mstrain_1x_coco", rate: 0.015, decay: 5e-5),
        Row(name: "finetune/mask_rcnn_r50-moco_mstrain_1x_coco", rate: 0.02, decay: 5e-6),
        Row(name: "finetune/mask_rcnn_r50-pixpro_mstrain_1x_coco", rate: 0.02, decay: 5e-6),
        Row(name: "finetune/mask_rcnn_r50-swav_mstrain_1x_coco", rate: 0.03, decay: 5e-6, warmUp: slow),
        Row(name: "supervised/mask_rcnn_r50-swav_mstrain_1x_coco", rate: 0.02, decay: 1e-4),
        Row(
            name: "finetune/faster_rcnn_r50_12k_coco-semi", rate: 0.03, decay: 5e-5, length: 12000,
            steps: [9000, 11000]),
        Row(
            name: "finetune/mask_rcnn_r50_90k_coco-semi", rate: 0.03, decay: 5e-5, length: 90000,
            steps: [60000, 82500]),
        Row(
            name: "supervised/retinanet_r50_90k_coco-semi", rate: 0.01, decay: 1e-4, length: 90000,
            steps: [60000, 82500]),
        Row(
            name: "supervised/fcos_r50_12k_coco-semi", rate: 0.01, decay: 1e-4, length: 12000,
            steps: [9000, 11000],
            warmUp: .constant(steps: 500, ratio: 1.0 / 3)),
        Row(
            name: "supervised/detr_r50_50e_coco-semi", rate: 1e-4, decay: 1e-4, length: 375_000,
            steps: [300_000]),
        Row(
            name: "supervised/detr_r50_100e_coco-semi", rate: 1e-4, decay: 1e-4, length: 750_000,
            steps: [600_000]),
        Row(
            name: "finetune/fcos_r50_12k_voc", rate: 0.015, decay: 5e-5, length: 12000, steps: [9000, 11000]),
        Row(
            name: "finetune/faster_rcnn_r50_12k_voc", rate: 0.03, decay: 5e-5, length: 12000,
            steps: [9000, 11000]),
        Row(
            name: "supervised/detr_r50_100e_voc", rate: 1e-4, decay: 1e-4, length: 100, steps: [70],
            warmUp: .none),
        Row(name: "finetune/mask_rcnn_r18_1x_coco", rate: 0.03, decay: 5e-5),
        Row(name: "finetune/faster_rcnn_mbv2_1x_coco", rate: 0.03, decay: 5e-5),
        Row(name: "supervised/mask_rcnn_swin-s_1x_coco", rate: 1e-4, decay: 0.05, warmUp: slow),
        Row(
            name: "finetune/mask_rcnn_swin-b_3x_coco", rate: 1e-4, decay: 0.02, length: 36, steps: [27, 33],
            warmUp: slow),
        Row(
            name: "finetune/mask_rcnn_swin-b-simmim_3x_coco", rate: 9e-5, decay: 2.5e-3, length: 36,
            steps: [24, 33],
            global: 32, warmUp: slow),
        Row(
            name: "pretrain/aligndet_faster_rcnn_swin-b-simmim_1x_coco", rate: 6e-5, decay: 0.05, global: 32,
            warmUp: slow),
        Row(name: "pretrain/aligndet_faster_rcnn_swin-l_1x_coco", rate: 1e-4, decay: 0.05, warmUp: slow),
        Row(name: "pretrain/aligndet_faster_rcnn_mbv2_1x_coco", rate: 0.02, decay: 1e-4),
        Row(name: "pretrain/aligndet_retinanet_r50-swav_1x_coco", rate: 0.01, decay: 1e-4),
        Row(
            name: "pretrain/aligndet_detr_r50-swav_50e_coco", rate: 2e-4, decay: 1e-4, length: 50,
            steps: [40], global: 64, warmUp: .none),
        Row(
            name: "pretrain/aligndet-faithful_detr_r50_50e_coco", rate: 2e-4, decay: 1e-4, length: 50,
            steps: [40], global: 64, warmUp: .none),
        Row(
            name: "direct/detr_r50_pseudo-label_50e_coco", rate: 2e-4, decay: 1e-4, length: 50, steps: [40],
            global: 64, warmUp: .none),
        Row(
            name: "direct/retinanet_r50_p1x_coco", rate: 0.04, decay: 1e-4, length: 48, steps: [], global: 64,
            warmUp: .linear(steps: 1000, ratio: 0.01)),
        Row(
            name: "direct/faster_rcnn_r50_p1x_coco", rate: 0.08, decay: 1e-4, length: 48, steps: [],
            global: 64, warmUp: direct),
        Row(
            name: "direct/mask_rcnn_r50_p3x_coco", rate: 0.08, decay: 1e-4, length: 144, steps: [],
            global: 64, warmUp: direct),
        Row(
            name: "direct/mask_rcnn_swin-t_p1x_coco", rate: 4e-4, decay: 0.05, length: 48, steps: [],
            global: 64, warmUp: direct),
        Row(
            name: "direct/cascade_rcnn_r50_p1x_coco", rate: 0.08, decay: 1e-4, length: 48, steps: [],
            global: 64,
            warmUp: direct),
        Row(name: "direct/cascade_rcnn_r50_p1x-1x_coco", rate: 0.02, decay: 1e-4),
        Row(name: "direct/retinanet_r50_p1x-1x_coco", rate: 0.02, decay: 1e-4),
        Row(name: "direct/mask_rcnn_swin-t_p1x-1x_coco", rate: 1e-4, decay: 0.05),
    ]

    @Test(arguments: rows) func rowsAreThePublishedOnes(row: Row) throws {
        let config = try Recipes.load(row.name + ".yaml")
        #expect(config.optimizer.learningRate == row.rate && config.optimizer.weightDecay == row.decay)
        #expect(config.schedule.length == row.length && config.batch.global == row.global)
        #expect(config.schedule.decay == .step(at: row.steps, factor: 0.1))
        #expect(config.schedule.warmUp == row.warmUp)
    }

    /// Spec: the Swin transformer's set without decay holds no bias outside norms; of the pyramid nothing.
    @Test func normsAndPositionsOfSwinDoNotDecay() throws {
        let config = try Recipes.load("direct/mask_rcnn_swin-t_p1x_coco.yaml")
        let network = ModelAssembly(config.model, reducer: LocalStatistics()).detector()
        let free = network.trainedParameters.map(\.path).filter { path in
            config.optimizer.rules.filter { path.contains($0.match) }.contains { $0.decayMultiplier == 0 }
        }
        #expect(free.allSatisfy { $0.contains("norm") || $0.hasSuffix("relative_position_bias_table") })
        // Two norms and a table in each of 12 blocks, of patches, of three steps and of four outputs.
        #expect(free.count == 12 * 5 + 2 + 3 * 2 + 4 * 2)
        #expect(!free.contains { $0.hasPrefix("neck.") || $0.hasPrefix("roi_head.") })
    }

    /// Spec: exactly 106 tensors of ResNet-50 do not decay.
    @Test func normsOfDirectPretrainingDoNotDecay() throws {
        let config = try Recipes.load("direct/mask_rcnn_r50_p1x_coco.yaml")
        let network = ModelAssembly(config.model, reducer: LocalStatistics()).detector()
        let free = network.trainedParameters.map(\.path).filter { path in
            config.optimizer.rules.filter { path.contains($0.match) }.contains { $0.decayMultiplier == 0 }
        }
        #expect(free.count == 106 && free.allSatisfy { $0.hasPrefix("backbone.") })
        #expect(config.model.backbone.norm == .batch && config.model.neck?.norm == NeckConfig.Norm.none)
        #expect(config.model.backbone.frozenStages == -1 && config.model.backbone.weights == nil)
        #expect(config.batch.micro == 8 && config.pipeline.crop == 448)
        #expect(
            config.pipeline.resize.square?.side == 448 && config.pipeline.resize.square?.ratios == [0.8, 1.2])
        let tuned = try Recipes.load("direct/mask_rcnn_r50_p1x-1x_coco.yaml")
        #expect(tuned.model.backbone.norm == .frozen && tuned.model.backbone.frozenStages == 1)
        #expect(tuned.pipeline.crop == nil && tuned.pipeline.resize.shortSides == [800])
        // All tensors transfer.
        let next = ModelAssembly(tuned.model, reducer: LocalStatistics()).detector()
        #expect(
            next.namedTensors.map { "\($0.path) \($0.tensor.shape)" }
                == network.namedTensors.map { "\($0.path) \($0.tensor.shape)" })
        let boxes = try Recipes.load("direct/faster_rcnn_r50_p1x_coco.yaml").model.twoStage?.assigner
        #expect(
            boxes?.lowQuality == AssignerConfig.LowQuality.none
                && config.model.twoStage?.assigner?.lowQuality == .all)
    }

    @Test func headsOfMultiScaleTrainingHaveNorms() throws {
        let config = try Recipes.load("finetune/mask_rcnn_r50-moco_mstrain_1x_coco.yaml")
        #expect(config.model.backbone.norm == .sync && config.model.backbone.frozenStages == -1)
        let names = Set(
            ModelAssembly(config.model, reducer: LocalStatistics()).detector().namedTensors.map(\.path))
        for part in [
            "roi_head.bbox_head.shared_convs.3", "roi_head.mask_head.convs.0", "neck.lateral_convs.0",
        ] {
            #expect(names.contains("\(part).bn.running_var") && !names.contains("\(part).conv.bias"))
        }
        let plain = try Recipes.load("finetune/mask_rcnn_r50_1x_coco.yaml")
        let plainNames = ModelAssembly(plain.model, reducer: LocalStatistics()).detector().namedTensors.map(
            \.path)
        #expect(plainNames.contains("roi_head.bbox_head.shared_convs.3.conv.bias"))
    }

    /// DETR's two ways of treating a photograph, and large-scale jitter.
    @Test func cutsAreThePublishedOnes() throws {
        for name in ["supervised/detr_r50_150e_coco", "finetune/mask_rcnn_swin-s_1x_coco"] {
            let part = try Recipes.load(name + ".yaml").pipeline
            #expect(part.cuts?.probability == 0.5 && part.cuts?.shortSides == [400, 500, 600])
            #expect(part.cuts?.sides == [384, 600] && part.resize.shortSides.count == 11)
        }
        let jitter = try Recipes.load("finetune/mask_rcnn_swin-b-simmim_3x_coco.yaml").pipeline
        #expect(
            jitter.crop == 1024 && jitter.resize.square?.side == 1024
                && jitter.resize.square?.ratios == [0.1, 2])
        #expect(!jitter.copyPaste && jitter.resampling == .opencv && jitter.colours == nil)
        #expect(try Recipes.load("finetune/mask_rcnn_swin-b-simmim-scp_3x_coco.yaml").pipeline.copyPaste)
        #expect(try Recipes.load("supervised/detr_r50_100e_voc.yaml").pipeline.cuts == nil)
    }

    /// A recipe with SoCo's colours and Pillow's resize is printed with them.
    @Test func coloursAndResamplingAreOptional() throws {
        let overrides = [
            "pipeline.resampling=pillow", "pipeline.colours.jitter=[0.4, 0.4, 0.2, 0.1]",
            "pipeline.colours.jitter_probability=0.8", "pipeline.colours.grey=0.2",
            "pipeline.colours.blur=0.5",
            "pipeline.colours.blur_radii=[0.1, 2]", "pipeline.colours.solarize=0.2",
        ]
        let config = try Recipes.load("quick/pretrain.yaml", overrides)
        #expect(config.pipeline.resampling == .pillow && config.pipeline.colours?.blurRadii == [0.1, 2])
        #expect(config.pipeline.colours?.steps.count == 4)
        let again = try RunConfig(yaml: config.yaml, source: "printed", builtInRoot: Recipes.builtInRoot)
        #expect(again == config)
    }

    /// DETR's two pre-trainings beside the corrected one: as released, and on pseudo categories without contrast.
    @Test func otherPreTrainingsOfDETRAreThePublishedOnes() throws {
        let corrected = try Recipes.load("pretrain/aligndet_detr_r50_50e_coco.yaml")
        let faithful = try Recipes.load("pretrain/aligndet-faithful_detr_r50_50e_coco.yaml")
        #expect(faithful.model == corrected.model && faithful.data == corrected.data)
        let (released, mended) = (
            try #require(faithful.objective).switches, try #require(corrected.objective).switches
        )
        #expect(released.objectCost == .proposalIndex && released.classLoss == .flat)
        #expect(mended.objectCost == .boxes && mended.classLoss == .weighted)
        let pseudo = try Recipes.load("direct/detr_r50_pseudo-label_50e_coco.yaml")
        #expect(
            pseudo.model.classCount == 256 && pseudo.optimizer.clipNorm == 0.1
                && pseudo.optimizer.rules.isEmpty)
        #expect(pseudo.model.backbone.frozenStages == 4 && pseudo.model.backbone.norm == .frozen)
        #expect(pseudo.model.setDetector?.head.backgroundWeight == 0.1 && pseudo.pipeline.padMultiple == 1)
        // Every proposal, not the first fifty.
        #expect(pseudo.objective == nil && pseudo.pipeline.cuts != nil)
    }

    @Test func mobileNetsLastMapIsItsLastConvolutions() throws {
        for name in ["pretrain/aligndet_faster_rcnn_mbv2_1x_coco", "finetune/mask_rcnn_mbv2_1x_coco"] {
            let config = try Recipes.load(name + ".yaml")
            let backbone = ModelAssembly(config.model, reducer: LocalStatistics()).backbone()
            #expect(backbone.outputChannels == [24, 32, 96, 1280])
            let isFrozen = config.task == .pretrain
            #expect(backbone.frozenPrefixes.contains("features.18.") == isFrozen)
        }
    }
}
