import Foundation
import Testing

extension ProgramTests {
    /// A run that was interrupted ends with the bits of one that was not.
    @Suite struct ResumeTests {
        private let folder: WorkFolder

        init() throws { folder = try WorkFolder() }

        private func run(_ arguments: [String], ranks: Int? = nil) throws -> Outcome {
            try Program.run(arguments, ranks: ranks, in: folder.path)
        }

        private func succeed(_ arguments: [String], ranks: Int? = nil) throws {
            let outcome = try run(arguments, ranks: ranks)
            try #require(outcome.status == 0, "\(arguments): \(outcome)")
        }

        /// Fails unless two checkpoints agree in every tensor and in what they say of themselves.
        private func expectEqual(_ one: String, _ other: String, with parts: [String]) throws {
            let shown = try run(["ckpt", "show", one])
            for part in parts { #expect(shown.output.contains("\n\(part)"), "no \(part) in \(one)") }
            let verified = try run(["ckpt", "verify", one])
            let match = try #require(verified.output.firstMatch(of: /sound, (\d+) tensors/), "\(verified)")
            let difference = try run(["ckpt", "diff", one, other])
            #expect(difference.status == 0, "\(difference)")
            #expect(difference.output == "\(match.1) tensors are equal, 0 differ\n", "\(difference)")
        }

        private static let pretrainingParts = ["neck.", "bbox_head.", "target.neck.", "optimizer."]

        /// Step 5 lies inside the third epoch.
        @Test(arguments: [nil, 2]) func aPreTrainingGoesOnBitForBit(ranks: Int?) throws {
            let options = try SmallRuns.pretraining(["schedule.length=12"])
            try succeed(["pretrain", "--work-dir", "whole"] + options, ranks: ranks)
            try succeed(["pretrain", "--work-dir", "parts", "--max-steps", "5"] + options, ranks: ranks)
            let rest = try run(["pretrain", "--work-dir", "parts", "--resume"] + options, ranks: ranks)
            #expect(
                rest.status == 0 && rest.errors.contains("step_5.safetensors.zst after 5 updates"), "\(rest)")
            try expectEqual(
                "whole/step_12.safetensors.zst", "parts/step_12.safetensors.zst", with: Self.pretrainingParts)
            #expect(try Metrics(folder.file("parts")).steps == Array(1...12))
            #expect(try Metrics(folder.file("parts")).losses == Metrics(folder.file("whole")).losses)
        }

        @Test func aFineTuningGoesOnBitForBitFromANamedCheckpoint() throws {
            let options = try SmallRuns.finetuning(["schedule.length=8", "model.neck.norm=sync"])
            let verb = ["finetune", SmallRuns.finetuning]
            try succeed(verb + ["--work-dir", "whole"] + options)
            try succeed(verb + ["--work-dir", "parts", "--max-steps", "3"] + options)
            try succeed(
                verb + ["--work-dir", "rest", "--resume", "parts/step_3.safetensors.zst"] + options)
            try expectEqual(
                "whole/step_8.safetensors.zst", "rest/step_8.safetensors.zst",
                with: ["neck.lateral_convs.0.bn.running_var", "bbox_head.retina_cls", "optimizer."])
            #expect(
                try folder.bytes("whole/detections_step_8.json")
                    == folder.bytes("rest/detections_step_8.json"))
        }

        /// SIGTERM is what a batch system ends a job with; `mpirun` hands on SIGUSR1, the warning before it.
        @Test(arguments: [(nil, SIGTERM), (2, SIGUSR1)])
        func aSignalEndsTheRunWithACheckpointToGoOnFrom(ranks: Int?, signal: Int32) throws {
            let options = try SmallRuns.pretraining(["schedule.length=2000"])
            let started = try Program.start(
                ["pretrain", "--work-dir", "parts"] + options, ranks: ranks, in: folder.path)
            while (try? Metrics(folder.file("parts")).steps.count) ?? 0 < 3 { usleep(10_000) }
            started.send(signal)
            let stopped = try started.finish()
            #expect(stopped.status == 75, "\(stopped)")
            #expect(stopped.errors.contains("stopped on request after"))
            let step = try #require(try Metrics(folder.file("parts")).steps.last)
            #expect(try folder.text("parts/last_checkpoint").contains("step_\(step).safetensors.zst"))
            #expect(try run(["ckpt", "verify", "parts/step_\(step).safetensors.zst"]).status == 0)

            let end = ["--max-steps", "\(step + 3)"]
            try succeed(
                ["pretrain", "--work-dir", "parts", "--resume", "auto"] + end + options, ranks: ranks)
            try succeed(["pretrain", "--work-dir", "whole"] + end + options, ranks: ranks)
            let name = "step_\(step + 3).safetensors.zst"
            try expectEqual("whole/\(name)", "parts/\(name)", with: Self.pretrainingParts)
        }

        @Test func anotherConfigurationIsRefusedAndChangesNothing() throws {
            try succeed(
                ["pretrain", "--work-dir", "run", "--max-steps", "1"] + (try SmallRuns.pretraining()))
            let names = folder.names("run")
            let config = try folder.text("run/config.yaml")
            let refused = try run(
                ["pretrain", "--work-dir", "run", "--max-steps", "3", "--resume", "auto"]
                    + (try SmallRuns.pretraining(["optimizer.lr=0.5"])))
            #expect(refused.status == 78, "\(refused)")
            #expect(
                refused.complaints.count == 1 && refused.complaints[0].contains("run/step_1.safetensors.zst"))
            #expect(refused.complaints.first?.contains("written under another configuration") == true)
            #expect(folder.names("run") == names)
            // The message tells to go on with the run's own config.yaml.
            #expect(try folder.text("run/config.yaml") == config)
        }

        @Test func aFinishedRunHasNothingLeftToDo() throws {
            let options = try SmallRuns.pretraining(["schedule.length=2"])
            try succeed(["pretrain", "--work-dir", "run"] + options)
            let before = try folder.bytes("run/step_2.safetensors.zst")
            let again = try run(["pretrain", "--work-dir", "run", "--resume", "auto"] + options)
            #expect(
                again.status == 0 && again.errors.contains("nothing to do: 2 of 2 updates are done"),
                "\(again)")
            #expect(try folder.bytes("run/step_2.safetensors.zst") == before)
        }
    }
}
