internal import ArgumentParser
internal import Collectives
internal import Foundation
internal import Training

struct Doctor: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract:
            "Show ranks, cores, network, libraries and the work folder as this launch has them, and what to mend.",
        discussion: """
            Each line that begins with ! is a finding with its mend. Start it exactly as training would be started.

            EXAMPLE
              mpirun -np 4 --hostfile hosts.txt aligndet-mpi doctor --work-dir /shared/runs
            """)

    @Option(help: "Folder whose file system is tried: where checkpoints will lie.")
    var workDir = "work_dirs"

    @OptionGroup var sums: AllReduceArguments

    func run() throws {
        try Job.run(sums.settings) { job in
            let communicator = job.communicator
            let facts = try RankFacts(communicator).gathered(communicator)
            let links = try NetworkProbe(communicator).run()
            let disk = try FileSystemProbe(folder: workDir, communicator: communicator).run()
            guard let facts else { return 0 }
            let topology = communicator.topology
            print(
                "aligndet-mpi \(ProgramVersion.text), \(topology.size) rank\(topology.size == 1 ? "" : "s") on "
                    + "\(topology.nodeCount) host\(topology.nodeCount == 1 ? "" : "s")")
            print("MPI: \(MPICommunicator.libraryVersion)")
            print("gradient sums: \(communicator.reductionDescription)")
            for fact in facts { print(fact.row) }
            for fact in facts where fact.localRank == 0 { print(Self.hostRow(fact)) }
            for line in links.lines { print(line) }
            print(disk.description)
            let findings = Findings(facts).all + links.findings + disk.findings
            for finding in findings { print("! \(finding)") }
            if findings.isEmpty { print("nothing to mend") }
            return 0
        }
    }

    private static func hostRow(_ fact: RankFacts) -> String {
        let network = fact.interfaces.isEmpty ? "none up" : fact.interfaces.joined(separator: ", ")
        let reading =
            fact.localSize == 1
            ? "not tried with one rank" : fact.peerMemoryObstacle.map { "no (\($0))" } ?? "yes"
        return "host \(fact.host)  ranks \(fact.localSize)  network \(network)  /dev/shm "
            + "\(fact.sharedMemoryFree >> 20) of \(fact.sharedMemoryTotal >> 20) MB free  ranks read each other: \(reading)"
    }
}
