import Foundation
import Testing

extension ProgramTests {
    /// `import` and `export`.
    @Suite struct WeightVerbTests {
        private let folder: WorkFolder
        private let weights = "\(Program.builtIn)/weights/mobilenetv2_imagenet_backbone.safetensors"

        init() throws { folder = try WorkFolder() }

        private func golden(_ name: String) -> String {
            "\(Program.root)/Tests/TestSupport/Golden/foreign/\(name)"
        }

        private func expectSuccess(
            _ arguments: [String], sourceLocation: SourceLocation = #_sourceLocation
        ) throws -> String {
            let outcome = try Program.run(arguments, in: folder.path)
            try #require(outcome.status == 0, "\(outcome)", sourceLocation: sourceLocation)
            return outcome.output
        }

        @Test(arguments: ["run.pth", "run_legacy.pth", "arrays_2.pkl"]) func anyFormatBecomesSafetensors(
            name: String
        )
            throws
        {
            let output = try expectSuccess([
                "import", golden(name), "--from", "safetensors", "--out", "w.safetensors",
            ])
            #expect(output.contains("missing 0   unexpected 0"))
            #expect(folder.names() == ["w.safetensors"])
            _ = try expectSuccess(["ckpt", "verify", "w.safetensors"])
            let shown = try expectSuccess(["ckpt", "show", "w.safetensors"])
            #expect(
                shown.contains(name.hasPrefix("run") ? "weight  F32 [2, 3]" : "fortran  F32 [4, 6]"),
                "\(shown)")
        }

        /// The built-in backbone, as torchvision names it; mmdet's names differ.
        @Test(arguments: [("torchvision", "torchvision"), ("mmdet", "mmcls")])
        func aBackboneIsFoundOutAndComesBack(to: String, from: String) throws {
            let output = try expectSuccess([
                "import", weights, "--from", "torchvision", "--out", "a.safetensors",
            ])
            #expect(output.contains("mobilenet_v2 of torchvision"), "\(output)")
            #expect(output.contains("missing 0   unexpected 0   of another shape 0"), "\(output)")
            _ = try expectSuccess(["export", "a.safetensors", "--to", to, "--out", "b.pth"])
            _ = try expectSuccess(
                ["import", "b.pth", "--from", from, "--model", "mobilenet_v2", "--out", "c.safetensors"])
            let difference = try expectSuccess(["ckpt", "diff", "a.safetensors", "c.safetensors"])
            #expect(difference.contains(" equal, 0 differ"), "\(difference)")
        }

        @Test func whatDoesNotFitIsListedAndRefused() throws {
            try expectRefusal(
                ["import", golden("run.pth"), "--from", "torchvision", "--out", "w.safetensors"], status: 65,
                words: ["run.pth", "--from", "--model"], in: folder)
            let outcome = try Program.run(
                [
                    "import", weights, "--from", "torchvision", "--model", "resnet18", "--out",
                    "w.safetensors",
                ],
                in: folder.path)
            #expect(outcome.status == 65 && outcome.complaints.count == 1, "\(outcome)")
            #expect(outcome.output.contains("missing     backbone.layer1.0.conv1.weight"), "\(outcome)")
            #expect(outcome.output.contains("unexpected "), "\(outcome)")
            #expect(folder.names().isEmpty)
        }

        @Test func aDetectorIsWrittenAsFarAsItGoesWhenAsked() throws {
            let arguments = [
                "import", weights, "--from", "torchvision", "--config", SmallRuns.finetuning, "--out",
                "w.safetensors",
            ]
            let strict = try Program.run(arguments, in: folder.path)
            #expect(strict.status == 65 && folder.names().isEmpty, "\(strict)")
            #expect(strict.output.contains("missing     bbox_head.retina_cls.weight"), "\(strict)")
            _ = try expectSuccess(arguments + ["--no-strict"])
            let shown = try expectSuccess(["ckpt", "show", "w.safetensors", "--config"])
            #expect(shown.contains("mobilenet_v2") && shown.contains("step 0"), "\(shown)")
        }

        @Test func hostileFilesAreRefusedWithoutBeingExecuted() throws {
            let touch = "touch executed"
            let pickle = "cos\nsystem\n(X"
            var bytes = Data([0x80, 2]) + Data(pickle.utf8)
            bytes += Data([UInt8(touch.utf8.count), 0, 0, 0]) + Data(touch.utf8) + Data([0x74, 0x52, 0x2E])
            try folder.write(bytes, "evil.pkl")
            try expectRefusal(
                ["import", "evil.pkl", "--from", "detectron2", "--out", "w.safetensors"], status: 65,
                words: ["evil.pkl", "os.system", "at byte 2"], in: folder)
            try folder.write(
                try Data(contentsOf: URL(fileURLWithPath: golden("zip.pth"))).prefix(3000), "cut.pth")
            try expectRefusal(
                ["import", "cut.pth", "--from", "torchvision", "--out", "w.safetensors"], status: 65,
                words: ["cut.pth", "3000"], in: folder)
            #expect(folder.names() == ["cut.pth", "evil.pkl"])
        }

        @Test func argumentsThatMakeNoSenseAreRefused() throws {
            for arguments in [
                ["import", weights, "--from", "caffe", "--out", "w"],
                ["import", weights, "--from", "moco", "--config", "c.yaml", "--out", "w"],
                ["import", weights, "--from", "mmdet", "--model", "nothing_r50", "--out", "w"],
                ["export", weights, "--to", "swav", "--out", "w"],
            ] {
                let outcome = try Program.run(arguments, in: folder.path)
                #expect(outcome.status == 64, "\(outcome)")
            }
            #expect(folder.names().isEmpty)
        }
    }
}
