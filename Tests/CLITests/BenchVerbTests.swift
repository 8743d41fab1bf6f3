import Foundation
import Testing

extension ProgramTests {
    /// `bench`, each part once on something small.
    @Suite struct BenchVerbTests {
        private let folder: WorkFolder

        init() throws { folder = try WorkFolder() }

        /// The lines of a benchmark.
        private func bench(_ arguments: [String]) throws -> [[String: Any]] {
            let outcome = try Program.run(["bench"] + arguments, in: folder.path)
            try #require(outcome.status == 0, "\(outcome)")
            return try outcome.output.split(separator: "\n").map { line in
                try #require(
                    try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any], "\(line)")
            }
        }

        private func number(_ line: [String: Any], _ key: String) throws -> Double {
            try #require(line[key] as? NSNumber, "\(key) in \(line)").doubleValue
        }

        /// What every line with arithmetic has to agree with itself about.
        private func expectSound(_ line: [String: Any]) throws {
            let median = try number(line, "median_s")
            #expect(try number(line, "min_s") > 0)
            #expect(try number(line, "min_s") <= median && median <= (try number(line, "max_s")))
            let floor = try number(line, "flops") / number(line, "matmul_flops_per_s")
            #expect(abs(try number(line, "floor_s") - floor) < 1e-8 + 1e-6 * floor)
            #expect(abs(try number(line, "share_of_floor") - floor / median) < 1e-3)
        }

        @Test func convolutionsCountTwoOperationsForEachProduct() throws {
            let lines = try bench(["conv", "--match", "mobilenet 1x1 960->320", "--iters", "3"])
            // Three directions in each of two formats.
            #expect(lines.count == 6)
            for line in lines {
                try expectSound(line)
                // 2 images of 15 x 20 positions, 960 x 320 products each.
                #expect(try number(line, "flops") == 2 * 2 * 15 * 20 * 960 * 320)
            }
        }

        @Test func depthwiseConvolutionsCountTheirOwnChannelAlone() throws {
            let lines = try bench(["conv", "--match", "depthwise 960->960", "--iters", "1"])
            #expect(try lines.map { try number($0, "flops") } == [Double](repeating: 10_368_000, count: 6))
        }

        @Test func operationsReportTheirTraffic() throws {
            let lines = try bench(["ops", "--match", "moving-average", "--iters", "2"])
            let line = try #require(lines.first)
            #expect(lines.count == 1)
            // 2^24 floats: one array read, one read and written.
            #expect(try number(line, "bytes") == 201_326_592)
            let rate = try 201_326_592 / number(line, "median_s") / 1e9
            #expect(abs(try number(line, "gb_per_s") - rate) < 0.01 * rate + 0.01)
            #expect(line["flops"] == nil)
        }

        @Test func aBackboneCountsWhatOthersCount() throws {
            let recipe = "\(Program.root)/configs/supervised/retinanet_r50_1x_coco.yaml"
            let line = try #require(
                try bench(["backbone", recipe, "--size", "224x224", "--batch", "1", "--iters", "1"]).first)
            try expectSound(line)
            // torch.utils.flop_counter (PyTorch 2.15) on torchvision's resnet50 without its classifier.
            #expect(try number(line, "flops") == 8_174_272_512)
            #expect(try number(line, "peak_rss_bytes") > 94e6)
        }

        @Test(arguments: ["pretrain", "scratch"]) func stepsSplitIntoTheirPhases(recipe: String) throws {
            let lines = try bench([
                "step", "builtin:quick/\(recipe).yaml", "--size", "64x96", "--batch", "2", "--threads", "1",
                "--amp", "off", "--iters", "1",
            ])
            let line = try #require(lines.first)
            try expectSound(line)
            let phases = try #require(line["phases"] as? [String: Double])
            for name in ["data", "backbone", "forward", "loss", "backward", "optimizer", "ema"] {
                #expect(phases[name] != nil, "\(name)")
            }
            // With one repetition the phases are those of the median.
            let total = phases.values.reduce(0, +)
            let median = try number(line, "median_s")
            #expect(total <= median && total > 0.9 * median, "\(phases) of \(median)")
            #expect(try number(line, "reorders") == 0)
            #expect(try number(line, "packs_per_step") > 0)
            #expect(try number(line, "primitive_misses") == 0)
            #expect(abs(try number(line, "images_per_s") * median - 2) < 1e-3)
        }

        @Test func ranksTogetherAreComparedWithEachAlone() throws {
            let arguments = ["bench", "scaling", "builtin:quick/pretrain.yaml", "--size", "64x96", "--batch", "1"]
            let outcome = try Program.run(
                arguments + ["--threads", "1", "--iters", "3"], ranks: 2, in: folder.path)
            try #require(outcome.status == 0, "\(outcome)")
            let line = try #require(
                try JSONSerialization.jsonObject(with: Data(outcome.output.utf8)) as? [String: Any])
            let share = try number(line, "weak_scaling")
            #expect(try share > 0 && number(line, "weak_scaling_quiet") > 0)
            #expect(try 0 < number(line, "at_once_slowest"))
            #expect(try number(line, "at_once_slowest") <= number(line, "at_once"))
            // Waiting for a rank is all that keeps a rank's own computing from the step's length.
            #expect(try number(line, "computing") >= share)
            for key in ["alone_s", "at_once_s"] {
                let seconds = try #require(line[key] as? [String: Double])
                #expect(seconds.keys.sorted() == ["0", "1"] && seconds.values.allSatisfy { $0 > 0 })
            }
            #expect(try abs(number(line, "images_per_s") * number(line, "median_s") - 2) < 1e-3)
            #expect(line["ranks"] as? Int == 2)
            try expectRefusal(arguments, status: 64, words: ["mpirun -np 2"], in: folder)
        }

        @Test func theLoaderIsTimedWithAndWithoutDecoding() throws {
            let lines = try bench(["loader", "builtin:quick/scratch.yaml", "--iters", "2"])
            #expect(lines.map { "\($0["case"] ?? "")".split(separator: " ").last } == ["decoded", "cached"])
            for line in lines { #expect(try number(line, "images_per_s") > 1) }
            #expect(folder.names().isEmpty)
        }

        @Test func whatCannotBeMeasuredIsRefused() throws {
            let quick = "builtin:quick/pretrain.yaml"
            try expectRefusal(
                ["bench", "conv", "--match", "nothing"], status: 64, words: ["nothing"], in: folder)
            for arguments in [
                ["step", quick, "--amp", "fp16"], ["step", quick, "--size", "100x96"],
                ["step", quick, "--batch", "0"], ["conv", "--iters", "0"],
                ["backbone", quick, "--threads", "0"],
            ] {
                let outcome = try Program.run(["bench"] + arguments, in: folder.path)
                #expect(outcome.status == 64 && outcome.output.isEmpty, "\(arguments): \(outcome)")
            }
        }
    }
}
