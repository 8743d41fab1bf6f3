import Foundation
import Testing

@testable import Training

@Suite final class RunConfigLoadingTests {
    private let folder: String

    init() throws {
        folder =
            FileManager.default.temporaryDirectory.appendingPathComponent("config-\(UUID().uuidString)").path
        try FileManager.default.createDirectory(atPath: folder + "/_base_", withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(atPath: folder) }

    private func write(_ name: String, _ text: String) throws {
        try text.write(toFile: "\(folder)/\(name)", atomically: true, encoding: .utf8)
    }

    private func load(_ name: String) throws -> RunConfig {
        try RunConfig.load(path: "\(folder)/\(name)", builtInRoot: Recipes.builtInRoot)
    }

    private func loadError(_ name: String) -> ConfigurationError? {
        #expect(throws: ConfigurationError.self) { try load(name) }
    }

    /// A whole recipe in one file.
    private func printed() throws -> String { try Recipes.load("quick/scratch.yaml").yaml }

    @Test func recipesGoBeforeTheirBases() throws {
        try write("_base_/all.yaml", try printed())
        try write(
            "recipe.yaml",
            """
            _base_: [_base_/all.yaml]
            optimizer:
              lr: 0.25
            pipeline:
              resize: {short_sides: [100]}
            """)
        let config = try load("recipe.yaml")
        #expect(config.optimizer.learningRate == 0.25)
        #expect(config.optimizer.weightDecay == 1e-4)
        #expect(config.pipeline.resize.shortSides == [100])
        #expect(config.pipeline.resize.longSide == 480)
    }

    /// Large-scale jitter takes boxes from what a window shows of outlines, direct pre-training only cuts them.
    @Test func boxesAreFittedToOutlinesWhereTheSourcesDo() throws {
        for (recipe, fits) in [
            ("supervised/mask_rcnn_swin-b-simmim_3x_coco", true), ("direct/mask_rcnn_r50_p1x_coco", false),
        ] {
            let pipeline = try Recipes.load(recipe + ".yaml").pipeline
            #expect(pipeline.crop != nil && pipeline.fitsOutlines == fits, "\(recipe)")
        }
    }

    /// Another optimizer has other keys; those of the old one go.
    @Test func anOverrideReplacesAWholeSection() throws {
        let override =
            "optimizer={name: sgd, lr: 0.5, momentum: 0.9, weight_decay: 0, clip_norm: 1, rules: []}"
        let config = try Recipes.load("quick/scratch.yaml", [override])
        #expect(config.optimizer.learningRate == 0.5)
        #expect(config.optimizer.algorithm == .sgd(momentum: 0.9))
        let error = #expect(throws: ConfigurationError.self) {
            try Recipes.load("quick/scratch.yaml", ["optimizer={name: sgd, lr: 0.5}"])
        }
        #expect(error?.key == "optimizer.momentum")
    }

    @Test func basesOfBasesAreRefused() throws {
        try write("_base_/deep.yaml", try printed())
        try write("_base_/all.yaml", "_base_: [deep.yaml]\n")
        try write("recipe.yaml", "_base_: [_base_/all.yaml]\n")
        let error = try #require(loadError("recipe.yaml"))
        #expect(error.key == "_base_")
        #expect(error.message == "a base names bases of its own")
        #expect(error.origin.contains("_base_/all.yaml"))
    }

    @Test func basesThatSetTheSameKeyAreRefused() throws {
        try write("_base_/one.yaml", "optimizer:\n  name: sgd\n  lr: 1\n")
        try write("_base_/two.yaml", "optimizer:\n  lr: 2\n")
        try write("recipe.yaml", "_base_: [_base_/one.yaml, _base_/two.yaml]\noptimizer:\n  lr: 3\n")
        let error = try #require(loadError("recipe.yaml"))
        #expect(error.key == "optimizer.lr")
        #expect(error.origin.hasSuffix("_base_/one.yaml:3"))
        #expect(error.message.contains("_base_/two.yaml"))
    }

    @Test func errorsNameFileAndLine() throws {
        let lines = try printed().split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
        let index = try #require(lines.firstIndex { $0.hasPrefix("  weight_decay:") })
        var typo = lines
        typo[index] = "  weigth_decay: 0.1"
        try write("typo.yaml", typo.joined(separator: "\n"))
        let unknown = try #require(loadError("typo.yaml"))
        #expect(
            unknown.description == "\(folder)/typo.yaml:\(index + 1): optimizer.weigth_decay: unknown key "
                + "(did you mean 'optimizer.weight_decay'?)")

        var short = lines
        short.remove(at: index)
        try write("short.yaml", short.joined(separator: "\n"))
        let missing = try #require(loadError("short.yaml"))
        #expect(missing.key == "optimizer.weight_decay")
        #expect(missing.message == "the key is missing")
        #expect(missing.origin.hasPrefix("\(folder)/short.yaml:"))
    }

    /// Every line that holds one key, removed by itself, must make the recipe unreadable.
    @Test func noKeyHasADefault() throws {
        let lines = try printed().split(separator: "\n").map(String.init)
        // These narrow the data down; left out they mean that nothing is.
        let optional = ["first_images", "classes: none"]
        var count = 0
        for (index, line) in lines.enumerated() where !line.hasSuffix(":") {
            if optional.contains(where: line.contains) { continue }
            var rest = lines
            rest.remove(at: index)
            #expect(throws: ConfigurationError.self, "without '\(line)'") {
                try RunConfig(yaml: rest.joined(separator: "\n"), source: "x", builtInRoot: "")
            }
            count += 1
        }
        #expect(count > 60)
    }

    @Test func brokenYAMLNamesTheLine() throws {
        try write("broken.yaml", "task: finetune\nmodel: [1, 2\n")
        let error = try #require(loadError("broken.yaml"))
        #expect(error.origin.hasPrefix("\(folder)/broken.yaml:"))
        #expect(error.message.hasPrefix("is not YAML"))
        try write("twice.yaml", "task: finetune\ntask: pretrain\n")
        #expect(try #require(loadError("twice.yaml")).message == "the key occurs twice")
        try write("list.yaml", "- 1\n")
        #expect(try #require(loadError("list.yaml")).message == "expected sections with keys, found a list")
        try write("empty.yaml", "")
        #expect(try #require(loadError("empty.yaml")).key == "task")
    }

    @Test func missingFilesSaySo() throws {
        #expect(try #require(loadError("none.yaml")).message == "there is no such file")
        try write("recipe.yaml", "_base_: [_base_/none.yaml]\n")
        let error = try #require(loadError("recipe.yaml"))
        #expect(error.origin == "\(folder)/_base_/none.yaml")
        try write("word.yaml", "_base_: _base_/none.yaml\n")
        #expect(try #require(loadError("word.yaml")).message.hasPrefix("expected a list of paths"))
    }

    @Test func rulesKeepTheirOrderAndText() throws {
        let rules =
            "[{match: \"no\", lr_mult: 0.1, decay_mult: 0}, {match: backbone., lr_mult: 2, decay_mult: 1}]"
        try write("rules.yaml", try printed().replacingOccurrences(of: "rules: []", with: "rules: \(rules)"))
        let config = try load("rules.yaml")
        #expect(config.optimizer.rules.map(\.match) == ["no", "backbone."])
        #expect(config.optimizer.rules.map(\.learningRateMultiplier) == [0.1, 2])
        #expect(config.yaml.contains("\n  rules:\n    - match: \"no\"\n      lr_mult: 0.1\n"))
        #expect(try RunConfig(yaml: config.yaml, source: "x", builtInRoot: Recipes.builtInRoot) == config)
    }

    @Test func smallNumbersArePrintedAsEveryYAMLReaderTakesThem() throws {
        let config = try Recipes.load("quick/scratch.yaml", ["optimizer.weight_decay=5e-5"])
        #expect(config.yaml.contains("weight_decay: 5.0e-05\n"))
        #expect(config.optimizer.weightDecay == 5e-5)
    }
}
