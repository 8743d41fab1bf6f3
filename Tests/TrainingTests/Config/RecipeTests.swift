import Detection
import Foundation
import NN
import Testing

@testable import Training

@Suite struct RecipeTests {
    @Test func everyRecipeDecodesAndItsPrintedFormLoadsAgain() throws {
        let names = try Recipes.all()
        for folder in ["finetune", "pretrain", "quick", "supervised"] {
            #expect(names.contains { $0.hasPrefix(folder + "/") })
        }
        for name in names {
            let config = try Recipes.load(name)
            let again = try RunConfig(yaml: config.yaml, source: "printed", builtInRoot: Recipes.builtInRoot)
            #expect(again == config, "\(name)")
            #expect(again.yaml == config.yaml, "\(name)")
            #expect(again.digest == config.digest, "\(name)")
            #expect(config.task == (name.contains("pretrain") ? .pretrain : .finetune), "\(name)")
        }
    }

    @Test func everyRecipeSaysWhatItIsInAComment() throws {
        for name in try Recipes.all() {
            let text = try String(contentsOfFile: "\(Recipes.root)/configs/\(name)", encoding: .utf8)
            let comment = text.split(separator: "\n").prefix { $0.hasPrefix("#") }.joined(separator: "\n")
            for part in ["# Source: ", "# Run: ", "# Expect: ", "# Duration: "] {
                #expect(comment.contains(part), "\(name) lacks '\(part)'")
            }
            #expect(comment.contains("configs/\(name)"), "\(name) does not say how to run it")
        }
    }

    @Test func differentRecipesHaveDifferentDigests() throws {
        let digests = try Recipes.all().map { try Recipes.load($0).digest }
        #expect(Set(digests).count == digests.count)
        #expect(digests.allSatisfy { $0.count == 16 })
    }

    /// Numbers of the released configuration and the paper's appendix.
    @Test func retinaNetPretrainingIsTheReleasedOne() throws {
        let config = try Recipes.load("pretrain/aligndet_retinanet_r50_1x_coco.yaml")
        #expect(config.optimizer.algorithm == .sgd(momentum: 0.9))
        #expect(config.optimizer.learningRate == 0.01)
        #expect(config.optimizer.weightDecay == 1e-4)
        #expect(config.optimizer.clipNorm == nil)
        #expect(config.batch.global == 16 && config.batch.micro == 2)
        #expect(config.schedule.unit == .epoch && config.schedule.length == 12)
        #expect(config.schedule.warmUp == .linear(steps: 500, ratio: 0.001))
        #expect(config.schedule.decay == .step(at: [8, 11], factor: 0.1))
        #expect(config.model.backbone.frozenStages == 4 && config.model.backbone.norm == .frozen)
        #expect(config.model.oneStage?.head.output == .projection(hidden: 256, embedding: 256))
        #expect(config.model.oneStage?.anchors.strides == [8, 16, 32, 64, 128])
        let sampler = try #require(config.model.oneStage?.sampler)
        #expect(sampler.count == 2048 && sampler.negativesPerPositive == -1)
        #expect(
            config.model.oneStage?.test == nil && config.pipeline.test == nil && config.data.validation == nil
        )
        let objective = try #require(config.objective)
        #expect(objective.temperature == 0.5 && objective.proposalsPerImage == 50)
        #expect(objective.momentumStart == 0.996 && objective.momentumEnd == 1)
        #expect(config.pipeline.resize.shortSides == [640, 672, 704, 736, 768, 800])
        #expect(config.pipeline.photometric)
    }

    @Test func fineTuningTakesThePapersOverrides() throws {
        let tuned = try Recipes.load("finetune/retinanet_r50_1x_coco.yaml")
        let baseline = try Recipes.load("supervised/retinanet_r50_1x_coco.yaml")
        #expect(tuned.optimizer.learningRate == 0.015 && tuned.optimizer.weightDecay == 5e-5)
        #expect(baseline.optimizer.learningRate == 0.01 && baseline.optimizer.weightDecay == 1e-4)
        #expect(tuned.model == baseline.model)
        #expect(tuned.model.backbone.frozenStages == 1 && tuned.model.backbone.norm == .affine)
        #expect(tuned.model.neck?.norm == .sync)
        #expect(tuned.model.oneStage?.head.output == .classification(classes: 80, prior: 0.01))
        let test = try #require(tuned.model.oneStage?.test)
        #expect(test.preNMSCount == 1000 && test.scoreThreshold == 0.05)
        #expect(tuned.pipeline.test?.shortSide == 800 && tuned.pipeline.test?.longSide == 1333)
    }

    /// Numbers of mmdetection's `mask_rcnn_r50_fpn` base, which the released configuration inherits, and the paper's.
    @Test func fasterRCNNIsTheReleasedOne() throws {
        let tuned = try Recipes.load("finetune/faster_rcnn_r50_1x_coco.yaml")
        let baseline = try Recipes.load("supervised/faster_rcnn_r50_1x_coco.yaml")
        #expect(tuned.optimizer.learningRate == 0.03 && tuned.optimizer.weightDecay == 5e-5)
        #expect(baseline.optimizer.learningRate == 0.02 && baseline.optimizer.weightDecay == 1e-4)
        #expect(tuned.model == baseline.model)
        let stages = try #require(tuned.model.twoStage)
        #expect(stages.anchors.strides == [4, 8, 16, 32, 64] && stages.anchors.baseScale == 8)
        #expect(stages.rpn.assigner.positive == 0.7 && stages.rpn.assigner.negative == 0.3)
        #expect(stages.rpn.sampler.count == 256 && stages.rpn.sampler.positiveFraction == 0.5)
        #expect(stages.rpn.training.perLevel == 2000 && stages.rpn.training.total == 1000)
        #expect(stages.rpn.testing.perLevel == 1000 && stages.rpn.nmsThreshold == 0.7)
        #expect(stages.sampler.count == 512 && stages.sampler.positiveFraction == 0.25)
        #expect(stages.assigner?.positive == 0.5 && stages.assigner?.negative == 0.5)
        #expect(stages.head.convolutionCount == 4 && stages.head.layerCount == 1)
        #expect(stages.head.deviations == [0.1, 0.1, 0.2, 0.2] && tuned.model.classCount == 80)
        #expect(stages.roi.bins == 7 && stages.roi.samplingRatio == 0 && stages.roi.aligned)
        let test = try #require(stages.test)
        #expect(test.scoreThreshold == 0.05 && test.maximumDetections == 100)
    }

    @Test func maskRCNNAddsItsBranchAndNothingElse() throws {
        for folder in ["supervised", "finetune"] {
            let boxes = try Recipes.load("\(folder)/faster_rcnn_r50_1x_coco.yaml")
            let masks = try Recipes.load("\(folder)/mask_rcnn_r50_1x_coco.yaml")
            #expect(masks.model.hasMasks && !boxes.model.hasMasks)
            let part = try #require(masks.model.twoStage?.mask)
            #expect(
                part.bins == 14 && part.convolutionCount == 4 && part.channels == 256 && part.threshold == 0.5
            )
            #expect(masks.model.twoStage?.rpn == boxes.model.twoStage?.rpn)
            #expect(masks.model.twoStage?.head == boxes.model.twoStage?.head)
            #expect(masks.model.twoStage?.assigner == boxes.model.twoStage?.assigner)
            #expect(masks.optimizer == boxes.optimizer && masks.schedule == boxes.schedule)
        }
    }

    /// Numbers of the released configuration, of mmdetection's FCOS that it inherits, and of the paper's appendix.
    @Test func fcosIsTheReleasedOne() throws {
        let tuned = try Recipes.load("finetune/fcos_r50_1x_coco.yaml")
        let baseline = try Recipes.load("supervised/fcos_r50_1x_coco.yaml")
        #expect(tuned.optimizer.learningRate == 0.015 && tuned.optimizer.weightDecay == 5e-5)
        #expect(baseline.optimizer.learningRate == 0.01 && baseline.optimizer.weightDecay == 1e-4)
        #expect(tuned.model == baseline.model && tuned.optimizer.rules == baseline.optimizer.rules)
        #expect(tuned.optimizer.clipNorm == 35)
        let stage = try #require(tuned.model.pointStage)
        #expect(stage.points.strides == [8, 16, 32, 64, 128] && stage.points.limits == [64, 128, 256, 512])
        #expect(stage.points.radius == nil && stage.points.offset == 0.5 && stage.points.spacing == .stride)
        #expect(
            stage.head.distances == .exp && stage.head.boxLoss == .iou && stage.head.boxWeight == .centerness)
        #expect(stage.head.levelScales && !stage.head.centernessOnBoxTower && !stage.head.convolutionBias)
        #expect(
            stage.head.output == .classification(classes: 80, prior: 0.01) && stage.head.score == .product)
        #expect(tuned.model.neck?.extraConvolutions == .onOutput && tuned.model.neck?.reluBeforeExtra == true)
        let test = try #require(stage.test)
        #expect(test.preNMSCount == 1000 && test.scoreThreshold == 0.05 && test.nmsThreshold == 0.5)
        let pretraining = try Recipes.load("pretrain/aligndet_fcos_r50_1x_coco.yaml")
        #expect(pretraining.optimizer.learningRate == 0.01 && pretraining.optimizer.clipNorm == nil)
        #expect(pretraining.model.pointStage?.head.output == .projection(hidden: 256, embedding: 256))
        #expect(pretraining.model.pointStage?.sampler?.count == 2048)
        #expect(pretraining.objective?.proposalsPerImage == nil)
    }

    /// Biases learn at twice the rate and do not decay, but for those of norms.
    @Test func biasesOfFCOSHaveTheirOwnRate() throws {
        let config = try Recipes.load("finetune/fcos_r50_1x_coco.yaml")
        func factors(_ path: String) -> (rate: Double, decay: Double) {
            let rule = config.optimizer.rules.filter { path.contains($0.match) }
                .max { $0.match.count < $1.match.count }
            return (rule?.learningRateMultiplier ?? 1, rule?.decayMultiplier ?? 1)
        }
        let network = ModelAssembly(config.model, reducer: LocalStatistics()).detector()
        let doubled = network.trainedParameters.map(\.path).filter { factors($0) == (2, 0) }
        #expect(doubled == ["conv_cls", "conv_reg", "conv_centerness"].map { "bbox_head.\($0).bias" })
        #expect(
            network.trainedParameters.allSatisfy { doubled.contains($0.path) || factors($0.path) == (1, 1) })
    }

    /// Of the spec: neck 3 868 672, head 5 390 090 with the projection, 8 787 290 in all with 80 classes.
    @Test func fcosHasThePublishedNumberOfParameters() throws {
        let pretraining = try Recipes.load("pretrain/aligndet_fcos_r50_1x_coco.yaml")
        let stage = try #require(pretraining.model.pointStage)
        let network = ModelAssembly(pretraining.model, reducer: LocalStatistics()).fcos(stage)
        func count(_ module: any Module) -> Int {
            module.namedParameters.reduce(0) { $0 + $1.parameter.value.count }
        }
        #expect(count(network.neck) == 3_868_672 && count(network.head) == 5_390_090)
        #expect(network.trainedParameters.reduce(0) { $0 + $1.parameter.value.count } == 9_258_762)
        let tuned = try Recipes.load(
            "finetune/fcos_r50_1x_coco.yaml", ["model.neck.norm=none", "model.backbone.frozen_stages=4"])
        let detector = ModelAssembly(tuned.model, reducer: LocalStatistics()).detector()
        #expect(detector.trainedParameters.reduce(0) { $0 + $1.parameter.value.count } == 8_787_290)
    }

    @Test func quickRecipesDifferOnlyInWhatTheyCompare() throws {
        let tuned = try Recipes.load("quick/finetune.yaml")
        let scratch = try Recipes.load("quick/scratch.yaml")
        #expect(try Recipes.load("quick/scratch.yaml", ["optimizer.weight_decay=0.00005"]) == tuned)
        #expect(tuned.digest != scratch.digest)
        #expect(tuned.data.train.firstImages == 29)
        let pretraining = try Recipes.load("quick/pretrain.yaml")
        #expect(
            pretraining.model.backbone == tuned.model.backbone && pretraining.model.neck == tuned.model.neck)
        #expect(pretraining.data.train.proposals == .selectiveSearch)
        #expect(pretraining.schedule.decay == .step(at: [300, 414], factor: 0.1))
    }

    @Test func builtInRecipesAndPathsLieInTheProgramsFolder() throws {
        let config = try RunConfig.load(path: "builtin:quick/pretrain.yaml", builtInRoot: Recipes.builtInRoot)
        #expect(config == (try Recipes.load("quick/pretrain.yaml")))
        #expect(config.data.train.images.text == "builtin:bccd/images/train")
        for path in [config.data.train.images, config.data.train.annotations, config.model.backbone.weights] {
            #expect(FileManager.default.fileExists(atPath: try #require(path).resolved))
        }
        let coco = try Recipes.load("supervised/retinanet_r50_1x_coco.yaml")
        #expect(coco.data.train.images.resolved == "data/coco/train2017")
    }

    @Test func faithfulSetsEverySwitchThatIsNotGiven() throws {
        let name = "pretrain/aligndet-faithful_retinanet_r50_1x_coco.yaml"
        let faithful = try #require(try Recipes.load(name).objective).switches
        #expect(faithful.retinaLabelLayout == .imageMajor && faithful.targetInitialisation == .independent)
        #expect(faithful.backgroundLabel == .constant256 && faithful.flipAfterPad)
        #expect(faithful.fcosStrides == nil)
        let points = "pretrain/aligndet-faithful_fcos_r50_1x_coco.yaml"
        #expect(try Recipes.load(points).objective?.switches.fcosStrides == .halved)
        #expect(
            try Recipes.load(points, ["objective.faithful=false"]).objective?.switches.fcosStrides == .own)
        let kept = ["objective.switches.fcos_strides=own"]
        #expect(try Recipes.load(points, kept).objective?.switches.fcosStrides == .own)
        let given = ["objective.switches.target_init=copy", "objective.switches.background_label=sentinel"]
        let mixed = try #require(try Recipes.load(name, given).objective).switches
        #expect(mixed.retinaLabelLayout == .imageMajor && mixed.targetInitialisation == .copy)
        #expect(mixed.backgroundLabel == .sentinel && mixed.flipAfterPad)
        let corrected = try #require(try Recipes.load(name, ["objective.faithful=false"]).objective).switches
        #expect(corrected.retinaLabelLayout == .levelMajor && corrected.targetInitialisation == .copy)
        #expect(corrected.backgroundLabel == .sentinel && !corrected.flipAfterPad)
    }

    /// Numbers of the released configurations, which are MMDetection's but for the backbone's norms.
    @Test(arguments: [(50, 40), (100, 80), (150, 100)]) func detrIsTheReleasedOne(epochs: Int, drop: Int)
        throws
    {
        let config = try Recipes.load("supervised/detr_r50_\(epochs)e_coco.yaml")
        #expect(config.optimizer.algorithm == .adamW(beta1: 0.9, beta2: 0.999, epsilon: 1e-8))
        #expect(config.optimizer.learningRate == 1e-4 && config.optimizer.weightDecay == 1e-4)
        #expect(config.optimizer.clipNorm == 0.1)
        let rule = try #require(config.optimizer.rules.first)
        #expect(rule.match == "backbone." && rule.learningRateMultiplier == 0.1 && rule.decayMultiplier == 1)
        #expect(config.schedule.length == epochs && config.schedule.decay == .step(at: [drop], factor: 0.1))
        #expect(config.schedule.warmUp == .none && config.batch.global == 16 && config.batch.micro == 2)
        #expect(config.model.backbone.frozenStages == -1 && config.model.backbone.norm == .sync)
        #expect(config.model.neck == nil && config.model.classCount == 80 && config.pipeline.padMultiple == 1)
        let part = try #require(config.model.setDetector)
        let head = part.head
        #expect(head.flavour == .mmdet && head.channels == 256 && head.heads == 8 && head.feedForward == 2048)
        #expect(head.encoderLayers == 6 && head.decoderLayers == 6 && head.queries == 100 && !head.preNorm)
        #expect(head.dropout == 0.1 && head.backgroundWeight == 0.1 && head.embedding == nil)
        #expect(head.classWeight == 1 && head.boxWeight == 5 && head.overlapWeight == 2)
        #expect(part.test?.maximumDetections == 100)
    }

    /// Numbers of mmdetection's `cascade_rcnn_r50_fpn` base and schedules; tuned with the paper's for two stages.
    @Test(arguments: ["cascade_rcnn", "cascade_mask_rcnn"]) func cascadeRCNNIsMMDetections(name: String)
        throws
    {
        let tuned = try Recipes.load("finetune/\(name)_r50_1x_coco.yaml")
        let baseline = try Recipes.load("supervised/\(name)_r50_1x_coco.yaml")
        #expect(tuned.optimizer.learningRate == 0.03 && tuned.optimizer.weightDecay == 5e-5)
        #expect(baseline.optimizer.learningRate == 0.02 && baseline.optimizer.weightDecay == 1e-4)
        #expect(tuned.model == baseline.model && tuned.model.hasMasks == (name == "cascade_mask_rcnn"))
        let stages = try #require(tuned.model.twoStage)
        let cascade = try #require(stages.cascade)
        #expect(cascade.map(\.overlap) == [0.5, 0.6, 0.7] && cascade.map(\.weight) == [1, 0.5, 0.25])
        #expect(cascade[2].deviations == [0.033, 0.033, 0.067, 0.067] && stages.assigner == nil)
        #expect(stages.head.classAgnostic && stages.head.boxLoss == .wideSmoothL1)
        #expect(stages.head.convolutionCount == 0 && stages.head.layerCount == 2 && stages.head.width == 1024)
        #expect(
            stages.rpn.border == 0 && stages.rpn.boxLoss == .smoothL1 && stages.rpn.training.total == 2000)
        for (length, drops) in [("20e", [16, 19]), ("3x", [27, 33])] {
            let longer = try Recipes.load("supervised/\(name)_r50_\(length)_coco.yaml")
            #expect(longer.schedule.decay == .step(at: drops, factor: 0.1) && longer.model == baseline.model)
            #expect(longer.optimizer.learningRate == 0.02)
        }
        let deep = try Recipes.load("supervised/\(name)_r101_1x_coco.yaml")
        #expect(deep.model.backbone.name == .resnet101 && deep.model.stages == baseline.model.stages)
    }

    /// Of the spec: RPN 593 935, each stage 13 982 805 with 80 classes.
    @Test func cascadeRCNNHasThePublishedNumberOfParameters() throws {
        let config = try Recipes.load("supervised/cascade_rcnn_r50_1x_coco.yaml")
        let network = ModelAssembly(config.model, reducer: LocalStatistics()).cascadeRCNN(
            try #require(config.model.twoStage))
        func count(_ module: any Module) -> Int {
            module.namedParameters.reduce(0) { $0 + $1.parameter.value.count }
        }
        #expect(network.stages.map { count($0.boxHead) } == [13_982_805, 13_982_805, 13_982_805])
        #expect(count(network.rpnHead) == 593_935 && count(network.neck) == 3_344_384)
        #expect(network.stages.map(\.weight) == [1, 0.5, 0.25])
    }

    /// Numbers of the released HTC configuration.
    @Test func cascadePretrainingIsTheReleasedOne() throws {
        let config = try Recipes.load("pretrain/aligndet_cascade_rcnn_r50_1x_coco.yaml")
        let stages = try #require(config.model.twoStage)
        #expect(stages.head.output == .projection(hidden: 1024, embedding: 256, boxSlots: 1))
        #expect(stages.sampler.count == 512 && stages.sampler.positiveFraction == 0.25)
        #expect(stages.sampler.negativesPerPositive == -1 && stages.rpn.sampler.count == 256)
        #expect(config.objective?.switches.cascadeRefine == true && config.optimizer.learningRate == 0.02)
        let faithful = try Recipes.load("pretrain/aligndet-faithful_cascade_rcnn_r50_1x_coco.yaml")
        #expect(faithful.objective?.switches.cascadeRefine == false && faithful.model == config.model)
        let mixed = try Recipes.load(
            "pretrain/aligndet-faithful_cascade_rcnn_r50_1x_coco.yaml",
            ["objective.switches.cascade_refine=true"])
        #expect(
            mixed.objective?.switches.cascadeRefine == true && mixed.objective?.switches.flipAfterPad == true)
    }
}
