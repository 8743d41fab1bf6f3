import Foundation
import Testing

extension ProgramTests {
    /// What kills a process, fills a disk or starts a run twice must not cost a run more than the steps since its last
    /// checkpoint.
    @Suite struct SurvivalTests {
        private let folder: WorkFolder

        init() throws { folder = try WorkFolder() }

        private func start(_ verb: [String], _ work: String, ranks: Int?) throws -> RunningProgram {
            try Program.start(verb + ["--work-dir", work, "--resume", "auto"], ranks: ranks, in: folder.path)
        }

        private func stepCount(_ work: String) -> Int { (try? Metrics(folder.file(work)).steps.last) ?? 0 }

        private func expectEqual(_ one: String, _ other: String) throws {
            let difference = try Program.run(["ckpt", "diff", one, other], in: folder.path)
            #expect(difference.status == 0, "\(one), \(other): \(difference)")
            #expect(
                difference.output.firstMatch(of: /^[1-9]\d+ tensors are equal, 0 differ\n$/) != nil,
                "\(difference)")
        }

        // MARK: Kills

        /// When a rank is killed.
        enum Moment: String, CaseIterable {
            /// Some time into the steps: computing or adding up.
            case stepping
            /// While a checkpoint is on its way to disk.
            case saving
            /// While photographs are scored.
            case scoring
        }

        /// Kills one rank of a job at the moment; everything of the job must be gone within ten seconds.
        private func kill(
            _ moment: Moment, of run: RunningProgram, work: String, draw: inout SystemRandomNumberGenerator
        ) throws {
            let before = stepCount(work)
            switch moment {
            case .stepping:
                try run.wait { stepCount(work) >= before + 2 }
                usleep(UInt32.random(in: 0..<200_000, using: &draw))
            case .saving:
                // A file that the kill before left behind is there before the ranks are.
                try run.wait {
                    try folder.names(work).contains { $0.hasSuffix(".tmp") } && run.ranks().count == 2
                }
            case .scoring:
                try run.wait { stepCount(work) > before && stepCount(work).isMultiple(of: 10) }
                usleep(UInt32.random(in: 0..<50_000, using: &draw))
            }
            let ranks = try run.ranks()
            try #require(ranks.count == 2)
            Foundation.kill(try #require(ranks.randomElement(using: &draw)), SIGKILL)
            let start = ContinuousClock.now
            let outcome = try run.finish()
            #expect(outcome.status != 0, "\(outcome)")
            for rank in ranks { #expect(RunningProgram.isGone(rank, within: 10), "\(moment)") }
            #expect((ContinuousClock.now - start) / .seconds(1) < 10, "\(moment)")
        }

        @Test func aKilledRankEndsTheJobAndTheRelaunchEndsTheRun() throws {
            let verb =
                ["finetune", SmallRuns.finetuning]
                + (try SmallRuns.finetuning([
                    "schedule.length=60", "run.checkpoint_every=5", "run.eval_every=10", "run.keep=2",
                ]))
            let whole = try start(verb, "whole", ranks: 2).finish()
            try #require(whole.status == 0, "\(whole)")
            var draw = SystemRandomNumberGenerator()
            for number in 0..<(Soak.isOn ? 20 : 3) {
                let moment = Moment.allCases[number % Moment.allCases.count]
                let run = try start(verb, "parts", ranks: 2)
                try kill(moment, of: run, work: "parts", draw: &draw)
                // The last moments of a run are over sooner than one can aim.
                if stepCount("parts") > 45 {
                    try FileManager.default.removeItem(atPath: folder.file("parts"))
                }
            }
            let rest = try start(verb, "parts", ranks: 2).finish()
            #expect(rest.status == 0 && rest.errors.contains("taking over from process"), "\(rest)")
            try expectEqual("whole/step_60.safetensors.zst", "parts/step_60.safetensors.zst")
            #expect(try Metrics(folder.file("parts")).steps == Array(1...60))
            #expect(try Metrics(folder.file("parts")).losses == Metrics(folder.file("whole")).losses)
            for step in stride(from: 10, through: 60, by: 10) {
                #expect(
                    try Metrics(folder.file("parts")).scores(after: step)
                        == Metrics(folder.file("whole")).scores(after: step))
            }
            #expect(!folder.names("parts").contains { $0.hasSuffix(".tmp") || $0.hasSuffix(".lock") })
        }

        // MARK: One run in a folder

        @Test func aSecondRunInTheSameFolderIsRefusedAndTheFirstGoesOn() throws {
            let verb = ["pretrain"] + (try SmallRuns.pretraining(["schedule.length=100000"]))
            let first = try start(verb, "run", ranks: nil)
            try first.wait { stepCount("run") >= 2 }
            let second = try start(verb, "run", ranks: nil).finish()
            #expect(second.status == 78, "\(second)")
            #expect(
                second.complaints.count == 1 && second.complaints[0].contains("\(first.identifier)"),
                "\(second)")
            let steps = stepCount("run")
            try first.wait { stepCount("run") > steps }
            first.send(SIGINT)
            #expect(try first.finish().status == 75)
            #expect(!folder.names("run").contains("run.lock"))
        }

        // MARK: Signals

        /// The first asks for a checkpoint, which a step that takes ten seconds lets wait.
        @Test func aSecondInterruptLeavesAtOnce() throws {
            let verb =
                ["pretrain"]
                + (try SmallRuns.pretraining([
                    "data.train.first_images=none", "batch.global=256", "schedule.length=9",
                ]))
            let run = try start(verb, "run", ranks: nil)
            try run.wait { folder.names("run").contains("metrics.jsonl") }
            usleep(300_000)
            run.send(SIGINT)
            usleep(100_000)
            let start = ContinuousClock.now
            run.send(SIGINT)
            let outcome = try run.finish()
            #expect((ContinuousClock.now - start) / .seconds(1) < 2)
            #expect(outcome.status == 130, "\(outcome)")
            #expect(!folder.names("run").contains { $0.hasSuffix(".zst") })
        }

        /// A handler on a thread that computes damages the heap: oneDNN moves the stack pointer there.
        @Test func signalsInterruptNoThreadThatComputes() throws {
            let verb = ["pretrain"] + (try SmallRuns.pretraining(["schedule.length=100000"]))
            let run = try start(verb, "run", ranks: nil)
            try run.wait { stepCount("run") >= 2 }
            let hearing = try [SIGUSR1, SIGTERM, SIGINT].map { try run.threadsHearing($0) }
            #expect(hearing.allSatisfy { $0.count == 1 && $0 == hearing[0] }, "\(hearing)")
            #expect(!hearing.joined().contains(run.identifier))
            run.send(SIGTERM)
            #expect(try run.finish().status == 75)
        }

        // MARK: A full disk

        /// A small file system in memory of its own, filled up while the run goes on.
        @Test func aDiskThatFillsUpCostsNoMoreThanCheckpoints() throws {
            let verb =
                ["pretrain"]
                + (try SmallRuns.pretraining(["schedule.length=30", "run.checkpoint_every=5", "run.keep=1"]))
            let disk = folder.file("disk")
            try FileManager.default.createDirectory(atPath: disk, withIntermediateDirectories: true)
            // Room for one checkpoint of 8 MB or so, but not for two of them.
            let script =
                "mount -t tmpfs -o size=12m tmpfs \(disk) && \(Program.path) \"$@\"; status=$?; "
                + "[ -d \(disk)/run ] && cp -r \(disk)/run \(folder.file("kept")); exit $status"
            let run = try RunningProgram(
                ["unshare", "--mount", "--map-root-user", "sh", "-c", script, "sh"] + verb
                    + ["--work-dir", "\(disk)/run"], in: folder.path)
            let outcome = try run.finish()
            guard folder.names("kept").contains("config.yaml") else {
                if outcome.errors.contains("unshare") || outcome.errors.contains("mount") {
                    print("SKIPPED: no file system of one's own can be mounted here: \(outcome.errors)")
                    return
                }
                throw UnexpectedResult("\(outcome)")
            }
            let warnings = outcome.errors.split(separator: "\n").filter {
                $0.contains("no checkpoint was written")
            }
            #expect(
                !warnings.isEmpty && warnings.allSatisfy { $0.contains("No space left on device") },
                "\(outcome)")
            #expect(outcome.errors.contains("step 30/30"), "\(outcome)")
            // Its last state is not safe, and it does not end as if it were.
            #expect(outcome.status == 74 && outcome.complaints.count == 1, "\(outcome)")
            let name = try folder.text("kept/last_checkpoint").trimmingCharacters(in: .whitespacesAndNewlines)
            #expect(name == "step_5.safetensors.zst")
            #expect(try Program.run(["ckpt", "verify", "kept/\(name)"], in: folder.path).status == 0)
        }
    }
}
