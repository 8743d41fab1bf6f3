import Foundation
import Testing

@testable import Training

@Suite struct RunConfigErrorTests {
    struct Case: Sendable, CustomTestStringConvertible {
        let override: String
        var recipe = "quick/finetune.yaml"
        let key: String
        let message: String
        var hint: String?
        var testDescription: String { override }
    }

    static let cases: [Case] = [
        Case(
            override: "optimizer.lrr=0.1", key: "optimizer.lrr", message: "unknown key",
            hint: "'optimizer.lr'"),
        Case(override: "optimzer.lr=0.1", key: "optimzer", message: "unknown key", hint: "'optimizer'"),
        Case(override: "lr=0.1", key: "lr", message: "unknown key", hint: "'optimizer.lr'"),
        Case(
            override: "batch.zzzzzzzz=1", key: "batch.zzzzzzzz", message: "unknown key",
            hint: "known here: global, micro"),
        Case(
            override: "optimizer.lr=fast", key: "optimizer.lr",
            message: "expected a number above 0, found 'fast'"),
        Case(
            override: "optimizer.lr='0.1'", key: "optimizer.lr",
            message: "expected a number above 0, found the text \"0.1\""),
        Case(
            override: "optimizer.lr=0", key: "optimizer.lr", message: "expected a number above 0, found '0'"),
        Case(override: "optimizer.lr=nan", key: "optimizer.lr", message: "found 'nan'"),
        Case(override: "optimizer.lr=", key: "optimizer.lr", message: "has no value behind the '='"),
        Case(override: "optimizer.lr=[0.1]", key: "optimizer.lr", message: "found a list"),
        Case(
            override: "optimizer=0.1", key: "optimizer",
            message: "expected a section with keys, found '0.1'"),
        Case(
            override: "optimizer.lr.x=1", key: "optimizer.lr",
            message: "is not a section, so it has no key 'x'"),
        Case(override: "optimizer.clip_norm=null", key: "optimizer.clip_norm", message: "found 'null'"),
        Case(
            override: "optimizer.name=adam", key: "optimizer.name",
            message: "expected one of sgd, adamw, found 'adam'", hint: "'adamw'"),
        Case(
            override: "optimizer.name=sgd", key: "optimizer.betas", message: "sgd has a momentum instead"),
        Case(override: "optimizer.momentum=0.9", key: "optimizer.momentum", message: "has no meaning here"),
        Case(override: "run.deterministic=yes", key: "run.deterministic", message: "expected true or false"),
        Case(override: "run.keep=1.5", key: "run.keep", message: "expected a whole number of 1 or more"),
        Case(
            override: "batch.micro=3", key: "batch.global",
            message: "8 images do not divide into micro-batches of 3"),
        Case(
            override: "model.backbone.frozen_stages=8", key: "model.backbone.frozen_stages",
            message: "from -1 to 7, found '8'"),
        Case(
            override: "model.backbone.drop_path=0.1", key: "model.backbone.drop_path",
            message: "only Swin transformers skip branches"),
        Case(
            override: "model.backbone.name=swin_t", key: "model.backbone.frozen_stages",
            message: "from -1 to 4"),
        Case(
            override: "model.backbone.norm=batch", recipe: "finetune/mask_rcnn_swin-s_1x_coco.yaml",
            key: "model.backbone.norm", message: "swin_s has no batch norm", hint: "norm=none"),
        Case(
            override: "model.backbone.final_conv=true", recipe: "finetune/retinanet_r50_1x_coco.yaml",
            key: "model.backbone.final_conv", message: "only mobilenet_v2 has it"),
        Case(
            override: "model.backbone.recomputed_stages=5", recipe: "finetune/retinanet_r50_1x_coco.yaml",
            key: "model.backbone.recomputed_stages", message: "from 0 to 4, found '5'"),
        Case(
            override: "pipeline.crop=448", recipe: "quick/pretrain.yaml", key: "pipeline.crop",
            message: "two views of a photograph show the same proposals"),
        Case(
            override: "pipeline.fit_outlines=true", recipe: "finetune/mask_rcnn_r50_1x_coco.yaml",
            key: "pipeline.fit_outlines", message: "goes with pipeline.crop"),
        Case(
            override: "pipeline.fit_outlines=true", recipe: "direct/retinanet_r50_p1x_coco.yaml",
            key: "pipeline.fit_outlines", message: "a model that learns outlines"),
        Case(
            override: "pipeline.copy_paste=true", recipe: "finetune/retinanet_r50_1x_coco.yaml",
            key: "pipeline.copy_paste", message: "pasted by their outlines, and the model learns none"),
        Case(
            override: "pipeline.copy_paste=true", recipe: "quick/pretrain.yaml", key: "pipeline.copy_paste",
            message: "two views of a photograph show the same proposals"),
        Case(
            override: "pipeline.resampling=pilow", key: "pipeline.resampling",
            message: "expected one of opencv, pillow, found 'pilow'", hint: "'pillow'"),
        Case(
            override: "pipeline.resize.short_sides=[400]", recipe: "direct/mask_rcnn_r50_p1x_coco.yaml",
            key: "pipeline.resize.short_sides", message: "'square' says how large"),
        Case(
            override: "pipeline.resize.ratios=[0.8, 1e300]", recipe: "direct/mask_rcnn_r50_p1x_coco.yaml",
            key: "pipeline.resize.ratios", message: "sides longer than 65535"),
        Case(
            override: "pipeline.test.long_side=9223372036854775807", key: "pipeline.test.long_side",
            message: "from 240 to 65535"),
        Case(
            override: "pipeline.resize.ratios=[1.2, 0.8]", recipe: "direct/mask_rcnn_r50_p1x_coco.yaml",
            key: "pipeline.resize.ratios", message: "must ascend"),
        Case(
            override: "model.anchors.strides=[8, 16]", key: "model.anchors.strides",
            message: "has 2 entries, and model.neck.outputs is 5"),
        Case(
            override: "model.assigner.negative=0.6", key: "model.assigner.negative",
            message: "is above 'positive'"),
        Case(
            override: "model.sampler.count=5", key: "model.sampler", message: "fine-tuning takes every anchor"
        ),
        Case(
            override: "pipeline.normalize.mean=[1, 2]", key: "pipeline.normalize.mean",
            message: "expected 3 numbers, found 2"),
        Case(
            override: "pipeline.resize.short_sides=[]", key: "pipeline.resize.short_sides",
            message: "an empty one"),
        Case(
            override: "pipeline.resize.long_side=200", key: "pipeline.resize.long_side",
            message: "a whole number from 240 to 65535"),
        Case(override: "schedule.decay.at=[150, 150]", key: "schedule.decay.at", message: "must ascend"),
        Case(override: "data.train.classes=[RBC, RBC]", key: "data.train.classes", message: "occurs twice"),
        Case(override: "task=pretrain", key: "method", message: "'supervised' is a method of task finetune"),
        Case(
            override: "model.test.pre_nms=10", recipe: "quick/pretrain.yaml", key: "model.test",
            message: "pre-training detects nothing"),
        Case(
            override: "objective.switches.background_label=255", recipe: "quick/pretrain.yaml",
            key: "objective.switches.background_label",
            message: "expected one of sentinel, 256, found '255'"),
        Case(
            override: "objective.switches.fcos_strides=own", recipe: "quick/pretrain.yaml",
            key: "objective.switches.fcos_strides", message: "only fcos has points"),
    ]

    private static let pointRecipe = "finetune/fcos_r50_1x_coco.yaml"
    static let pointCases: [Case] = [
        Case(
            override: "model.points.stride=[8]", recipe: pointRecipe, key: "model.points.stride",
            message: "unknown key", hint: "'model.points.strides'"),
        Case(
            override: "model.points.limits=[64, 128, 256]", recipe: pointRecipe, key: "model.points.limits",
            message: "has 3 entries, and model.neck.outputs is 5"),
        Case(
            override: "model.points.limits=[64, 128, 128, 512]", recipe: pointRecipe,
            key: "model.points.limits",
            message: "must ascend"),
        Case(
            override: "model.points.radius=0", recipe: pointRecipe, key: "model.points.radius",
            message: "expected a number above 0"),
        Case(
            override: "model.head.groups=24", recipe: pointRecipe, key: "model.head.groups",
            message: "256 channels do not divide into 24 groups"),
        Case(
            override: "model.head.score=sum", recipe: pointRecipe, key: "model.head.score",
            message: "expected one of product, root"),
        Case(
            override: "model.anchors.strides=[8]", recipe: pointRecipe, key: "model.anchors",
            message: "fcos has points instead of anchors"),
        Case(
            override: "model.sampler.count=5", recipe: pointRecipe, key: "model.sampler",
            message: "fine-tuning takes every point"),
        Case(
            override: "model.points.offset=0", recipe: "finetune/retinanet_r50_1x_coco.yaml",
            key: "model.points",
            message: "only fcos has points"),
        Case(
            override: "model.head.score=root", recipe: "pretrain/aligndet_fcos_r50_1x_coco.yaml",
            key: "model.head.score", message: "pre-training knows no classes"),
    ]

    @Test(arguments: cases + pointCases) func overridesAreCheckedLikeTheFile(_ item: Case) throws {
        let error = #expect(throws: ConfigurationError.self) {
            try Recipes.load(item.recipe, [item.override])
        }
        #expect(error?.key == item.key)
        #expect(error?.message.contains(item.message) == true, "\(error?.description ?? "")")
        if let hint = item.hint {
            #expect(error?.hint?.contains(hint) == true, "\(error?.description ?? "")")
        }
        // What clashes with an override stands in the file; all else must be blamed on the override.
        if error?.key.map({ item.override.hasPrefix($0) }) == true {
            #expect(error?.origin == "override '\(item.override)'")
        }
    }

    @Test func malformedOverridesAreRefused() throws {
        for override in ["optimizer.lr", "=3", "optimizer.lr={a: 1}", "optimizer.lr=[1", ".lr=1"] {
            #expect(throws: ConfigurationError.self, "\(override)") {
                try Recipes.load("quick/scratch.yaml", [override])
            }
        }
    }

    @Test func overridesChangeWhatTheyName() throws {
        let config = try Recipes.load(
            "quick/scratch.yaml",
            [
                "optimizer.lr=3e-4", "pipeline.resize.short_sides=[100, 200]", "optimizer.clip_norm=none",
                "data.train.classes=[RBC, \"white cell: big\"]", "optimizer.lr=0.5",
                "data.train.first_images=none",
            ])
        #expect(config.optimizer.learningRate == 0.5)
        #expect(config.pipeline.resize.shortSides == [100, 200])
        #expect(config.optimizer.clipNorm == nil)
        #expect(config.data.train.firstImages == nil)
        #expect(config.data.train.classes == ["RBC", "white cell: big"])
        #expect(try RunConfig(yaml: config.yaml, source: "x", builtInRoot: Recipes.builtInRoot) == config)
    }
}
