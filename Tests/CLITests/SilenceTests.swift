import Foundation
import Testing

extension ProgramTests {
    /// A job that cannot go on says so and ends.
    @Suite struct SilenceTests {
        private let folder: WorkFolder

        init() throws { folder = try WorkFolder() }

        /// The process of one rank, found by what its launcher told it.
        private func process(ofRank rank: Int, below parent: Int32) throws -> Int32 {
            for entry in try FileManager.default.contentsOfDirectory(atPath: "/proc") {
                guard let id = Int32(entry),
                    let status = try? String(contentsOfFile: "/proc/\(id)/status", encoding: .utf8),
                    status.contains("\nPPid:\t\(parent)\n"),
                    let variables = FileManager.default.contents(atPath: "/proc/\(id)/environ")
                else { continue }
                let text = String(decoding: variables, as: UTF8.self)
                if text.contains("OMPI_COMM_WORLD_RANK=\(rank)\0") { return id }
            }
            throw UnexpectedResult("no process of rank \(rank) below \(parent)")
        }

        private func started(_ options: [String], ranks: Int) throws -> RunningProgram {
            let run = try Program.start(
                ["pretrain", "--work-dir", "run"] + options
                    + (try SmallRuns.pretraining(["schedule.length=100000"])), ranks: ranks, in: folder.path)
            try run.wait { ((try? Metrics(folder.file("run")).steps.count) ?? 0) >= 8 }
            return run
        }

        @Test func aStoppedRankIsNamedByEveryOtherOneAndEndsTheJob() throws {
            let run = try started(["--deadline", "4"], ranks: 3)
            let start = ContinuousClock.now
            let stopped = try process(ofRank: 1, below: run.identifier)
            kill(stopped, SIGSTOP)
            let outcome = try run.finish()
            let seconds = (ContinuousClock.now - start) / .seconds(1)
            #expect(outcome.status == 76, "\(outcome)")
            // The limit, or 20 steps on a slow machine, three seconds for all to say it, and a margin.
            #expect(seconds < 40, "\(seconds) s")
            // The stopped one is woken to be ended, and may come to say something, too.
            #expect(outcome.complaints.count { !$0.contains(": rank 1: ") } == 2, "\(outcome)")
            for rank in [0, 2] {
                let line = outcome.complaints.first { $0.contains(": rank \(rank): ") }
                #expect(line?.contains("missing: rank 1 on") == true, "\(outcome)")
                #expect(
                    line?.firstMatch(of: /in step \d+ \((reduce|backward|forward|data)\)/) != nil,
                    "\(outcome)")
                #expect(line?.contains("no heartbeat for") == true, "\(outcome)")
                #expect(
                    line?.firstMatch(of: /'(gradients, bucket \d+|losses and flags)'/) != nil, "\(outcome)")
            }
            #expect(RunningProgram.isGone(stopped, within: 10))
        }

        /// One photograph lies with one rank.
        @Test func anErrorOfOneRankEndsTheJobWithItsMessageLast() throws {
            let photographs = try Photographs(count: 8, in: folder.file("photographs"))
            let damaged = try #require(folder.names("photographs/images").first)
            try folder.write(
                try folder.bytes("photographs/images/\(damaged)").prefix(2000),
                "photographs/images/\(damaged)")
            let outcome = try Program.run(
                ["finetune", SmallRuns.finetuning, "--work-dir", "run"]
                    + (try SmallRuns.finetuning(
                        photographs.trainingOverrides + ["batch.global=8", "batch.micro=4"])),
                ranks: 2, in: folder.path)
            #expect(outcome.status == 65, "\(outcome)")
            #expect(
                outcome.complaints.count == 1 && outcome.complaints.first?.contains(damaged) == true,
                "\(outcome)")
            // What `mpirun` says of the abort stands below.
            let own = outcome.errors.split(separator: "\n").filter {
                $0.hasPrefix("aligndet-mpi: ") || $0.hasPrefix("step ")
            }
            #expect(own.last?.hasPrefix("aligndet-mpi: error: rank ") == true, "\(outcome)")
        }
    }
}
