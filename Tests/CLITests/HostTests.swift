import Foundation
import Testing

extension ProgramTests {
    /// Several hosts: network namespaces with names and addresses of their own, reached by mpirun through an agent as a
    /// cluster is, with the project's scripts and host files.
    @Suite struct HostTests {
        private let folder: WorkFolder

        init() throws { folder = try WorkFolder() }

        /// The program on hosts; nil, with a line, where this machine allows none.
        private func run(
            hosts: Int, ranks: Int, hostfile: String, _ arguments: [String]
        ) throws -> Outcome? {
            let script =
                "source '\(Program.root)/launch/env.sh' && ALIGNDET_HOSTFILE='\(hostfile)' aligndet_mpirun \"$@\""
            let outcome = try RunningProgram(
                [
                    "\(Program.root)/launch/hosts.sh", "\(hosts)", "bash", "-c", script, "hosts", "\(ranks)",
                    Program.path,
                ]
                    + arguments, in: folder.path
            ).finish()
            guard outcome.status == 69, outcome.errors.contains("hosts: skipped: ") else { return outcome }
            print(outcome.errors)
            return nil
        }

        private func hostfile(_ count: Int, slots: Int) throws -> String {
            try folder.write((1...count).map { "node0\($0) slots=\(slots)\n" }.joined(), "hosts.txt")
            return folder.file("hosts.txt")
        }

        @Test(arguments: [(2, 1), (2, 2), (4, 1)])
        func trainingLosesTheSameOnSeveralHosts(hosts: Int, slots: Int) throws {
            let arguments = ["pretrain"] + (try SmallRuns.pretraining(["schedule.length=6"]))
            func losses(_ outcome: Outcome, _ name: String) throws -> [Double] {
                try #require(outcome.status == 0, "\(outcome)")
                return try Metrics(folder.file(name)).losses
            }
            guard
                let outcome = try run(
                    hosts: hosts, ranks: hosts * slots, hostfile: try hostfile(hosts, slots: slots),
                    arguments + ["--work-dir", "hosts"])
            else { return }
            let together = try losses(outcome, "hosts")
            #expect(outcome.errors.contains("\(hosts * slots) ranks on \(hosts) nodes"), "\(outcome)")
            #expect(outcome.errors.contains("ms not hidden"), "\(outcome)")
            let alone = try losses(
                try Program.run(arguments + ["--work-dir", "alone"], in: folder.path), "alone")
            #expect(alone.count == 6)
            #expect(Metrics.worstDifference(alone, together) <= 1e-4, "\(alone) \(together)")
        }

        @Test func roundedGradientsTrainOnSeveralHosts() throws {
            let arguments = ["pretrain"] + (try SmallRuns.pretraining(["schedule.length=6"]))
            guard
                let outcome = try run(
                    hosts: 2, ranks: 2, hostfile: try hostfile(2, slots: 1),
                    arguments + ["--work-dir", "hosts", "--allreduce-dtype", "bf16"])
            else { return }
            try #require(outcome.status == 0, "\(outcome)")
            #expect(outcome.errors.contains("bf16 between nodes"), "\(outcome)")
            let alone = try Program.run(arguments + ["--work-dir", "alone"], in: folder.path)
            try #require(alone.status == 0, "\(alone)")
            let worst = Metrics.worstDifference(
                try Metrics(folder.file("alone")).losses, try Metrics(folder.file("hosts")).losses)
            // Gradients are off by up to a 128th: seen, and of no consequence.
            #expect(worst > 1e-7 && worst < 1e-2, "\(worst)")
        }

        @Test func sumsBetweenHostsAreTimedAndTheNetworkIsMeasured() throws {
            let hostfile = try hostfile(2, slots: 1)
            guard
                let bench = try run(
                    hosts: 2, ranks: 2, hostfile: hostfile,
                    ["bench", "allreduce", "--bytes", "1024,8388608", "--iters", "3"])
            else { return }
            try #require(bench.status == 0, "\(bench)")
            #expect(bench.output.contains("\"nodes\":2"), "\(bench)")
            let example = "\(Program.root)/hostfiles/two-nodes.example.txt"
            let doctor = try #require(try run(hosts: 2, ranks: 8, hostfile: example, ["doctor"]))
            try #require(doctor.status == 0, "\(doctor)")
            #expect(doctor.output.contains("8 ranks on 2 hosts"), "\(doctor)")
            for words in [
                "\nrank 7  host node02", "\nhost node01  ranks 4", "\nrank 0 to rank 4 on another host: ",
            ] {
                #expect(doctor.output.contains(words), "\(words) is not in \(doctor)")
            }
        }
    }
}
