import Foundation
import Testing

extension ProgramTests {
    /// What was asked for and cannot be done is refused before anything is written.
    @Suite struct BadCommandTests {
        private let folder: WorkFolder

        init() throws { folder = try WorkFolder() }

        /// What the argument parser refuses, it explains with its own lines.
        private func expectUsage(_ arguments: [String], words: [String]) throws {
            let outcome = try Program.run(arguments, in: folder.path)
            #expect(outcome.status == 64 && outcome.output.isEmpty, "\(outcome)")
            let line = outcome.errors.split(separator: "\n").first { $0.hasPrefix("Error: ") }
            for word in words { #expect(line?.contains(word) == true, "'\(word)' is not in: \(outcome)") }
            #expect(folder.names().isEmpty)
        }

        @Test func unknownVerbsAndFlagsAreNamed() throws {
            try expectUsage(["pretrian"], words: ["pretrian"])
            try expectUsage(["pretrain", "--work-dri", "x"], words: ["--work-dri", "--work-dir"])
            try expectUsage(["finetune"], words: ["<config>"])
            try expectUsage(
                ["score", "--gt", "g.json", "--dt", "d.json", "--type", "box"], words: ["box", "--type"])
        }

        @Test func valuesWithoutAMeaningAreNamed() throws {
            try expectUsage(["pretrain", "--amp", "fp16"], words: ["fp16", "--amp", "bf16"])
            try expectUsage(["pretrain", "--max-steps", "0"], words: ["--max-steps"])
            try expectUsage(["pretrain", "--max-steps", "many"], words: ["many", "--max-steps"])
            try expectUsage(
                ["pretrain", "--resume", "auto", "--load-from", "w"], words: ["--resume", "--load-from"])
            try expectUsage(["proposals", ".", "--out", "p.json", "--top-k", "0"], words: ["--top-k"])
        }

        @Test func anUnknownKeyNamesTheNearest() throws {
            try expectRefusal(
                ["pretrain", "--work-dir", "run", "--cfg-options", "optimizer.lrr=0.1"], status: 78,
                words: ["optimizer.lrr", "did you mean 'optimizer.lr'?"], in: folder)
            let recipe = try Program.run(["print-config"], in: folder.path).output
            try folder.write(recipe.replacing("momentum_start:", with: "momentum_strat:"), "recipe.yaml")
            try expectRefusal(
                ["pretrain", "recipe.yaml", "--work-dir", "run"], status: 78,
                words: ["recipe.yaml", "momentum_strat", "did you mean 'objective.momentum_start'?"],
                in: folder)
            #expect(folder.names() == ["recipe.yaml"])
        }

        @Test func aValueOfAnotherKindIsNamed() throws {
            for value in ["fast", "-1", "nan", "[0.1]"] {
                try expectRefusal(
                    ["print-config", "--cfg-options", "optimizer.lr=\(value)"], status: 78,
                    words: ["optimizer.lr"],
                    in: folder)
            }
        }

        /// One line, whatever the number of ranks.
        @Test(arguments: [nil, 2]) func unknownKernelsAreNamed(ranks: Int?) throws {
            let outcome = try Program.run(
                ["print-config"], ranks: ranks, environment: ["ALIGNDET_KERNELS=fats"], in: folder.path)
            #expect(outcome.status == 78 && outcome.output.isEmpty, "\(outcome)")
            for word in ["ALIGNDET_KERNELS=fats", "fast, plain"] {
                #expect(outcome.complaints.count == 1 && outcome.errors.contains(word), "\(outcome)")
            }
        }

        /// One line, whatever the number of ranks.
        @Test(arguments: [nil, 2]) func aMissingRecipeIsNamed(ranks: Int?) throws {
            try expectRefusal(
                ["pretrain", "nowhere.yaml"], status: 78, words: ["nowhere.yaml", "no such file"],
                ranks: ranks,
                in: folder)
        }

        @Test func aRecipeForTheOtherVerbIsRefused() throws {
            try expectRefusal(
                ["pretrain", SmallRuns.finetuning], status: 64, words: [SmallRuns.finetuning, "finetune"],
                in: folder)
            try expectRefusal(
                ["finetune", "builtin:quick/pretrain.yaml"], status: 64, words: ["pretrain"], in: folder)
        }

        @Test func aMissingCheckpointIsNamed() throws {
            let options = try SmallRuns.pretraining()
            try expectRefusal(
                ["pretrain", "--work-dir", "run", "--resume", "nowhere.safetensors.zst"] + options,
                status: 66,
                words: ["nowhere.safetensors.zst"], in: folder)
            try expectRefusal(
                ["pretrain", "--work-dir", "run", "--load-from", "nowhere.safetensors"] + options, status: 66,
                words: ["nowhere.safetensors"], in: folder)
            try expectRefusal(["ckpt", "show", "nowhere"], status: 66, words: ["nowhere"], in: folder)
        }

        @Test func weightsOfOtherWidthsAreNamedWithTheirTensor() throws {
            let file = try SmallRuns.pretrained.get()
            try expectRefusal(
                ["finetune", SmallRuns.finetuning, "--work-dir", "run", "--load-from", file]
                    + (try SmallRuns.finetuning(["model.neck.channels=24"])), status: 65,
                words: [file, "neck.lateral_convs.0.conv.weight", "[16, 32, 1, 1]", "[24, 32, 1, 1]"],
                in: folder)
        }

        /// Its head ends in a projection, which is no detector's.
        @Test func aPreTrainingCheckpointCannotBeEvaluated() throws {
            let file = try SmallRuns.pretrained.get()
            try expectRefusal(
                ["eval", SmallRuns.finetuning, file, "--out", "found.json"] + (try SmallRuns.finetuning()),
                status: 65,
                words: [file, "bbox_head.retina_cls"], in: folder)
            #expect(folder.names().isEmpty)
        }

        @Test func placesThatCannotBeWrittenAreNamed() throws {
            try folder.write("a file, not a folder", "taken")
            try expectRefusal(
                ["pretrain", "--work-dir", "taken/run"] + (try SmallRuns.pretraining()), status: 74,
                words: ["taken/run", "--work-dir"], in: folder)
            let photographs = try Photographs(count: 2, in: folder.file("data"))
            try expectRefusal(
                ["proposals", photographs.images, "--out", "taken/p.json"], status: 74,
                words: ["taken/p.json"],
                in: folder)
            #expect(try folder.text("taken") == "a file, not a folder")
        }

        @Test func aFileThatIsNoCheckpointIsNamed() throws {
            try folder.write("not weights\n", "notes.txt")
            for verb in ["show", "verify"] {
                try expectRefusal(["ckpt", verb, "notes.txt"], status: 65, words: ["notes.txt"], in: folder)
            }
        }
    }
}
