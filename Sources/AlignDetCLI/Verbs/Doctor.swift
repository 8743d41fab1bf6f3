internal import ArgumentParser
internal import Collectives
internal import Foundation
internal import Tensors
internal import Training

struct Doctor: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Show ranks, cores, threads and libraries as this launch has them, and what to mend.",
        discussion: """
            EXAMPLE
              mpirun -np 4 --hostfile hosts.txt aligndet-mpi doctor
            """)

    func run() throws {
        try Job.run { job in
            let topology = job.communicator.topology
            let threads = Placement.threadCount(topology)
            let row =
                "rank \(topology.rank)  host \(topology.hostName)  cores \(Placement.usableCoreCount) of "
                + "\(Placement.machineCoreCount)  threads \(threads)  "
                + KernelSet.libraries.map { "\($0.name) \($0.text)" }.joined(separator: "  ")
            let findings = findings(topology, threads)
            let text = ([row] + findings.map { "  ! rank \(topology.rank): \($0)" }).joined(separator: "\n")
            guard let rows = try job.communicator.gather([UInt8](text.utf8), label: "doctor") else { return 0 }
            print("aligndet-mpi \(ProgramVersion.text), \(topology.size) ranks on \(topology.nodeCount) hosts")
            print("MPI: \(MPICommunicator.libraryVersion)")
            print("gradient sums: \(job.communicator.reductionDescription)")
            for row in rows { print(String(decoding: row, as: UTF8.self)) }
            return 0
        }
    }

    /// What is wrong with this rank's place, each with the mend.
    private func findings(_ topology: Topology, _ threads: Int) -> [String] {
        var found: [String] = []
        if threads > Placement.usableCoreCount {
            found.append(
                "\(threads) threads on \(Placement.usableCoreCount) cores: set OMP_NUM_THREADS="
                    + "\(Placement.usableCoreCount), or give ranks more cores (mpirun --map-by slot:PE=\(threads))")
        }
        if topology.localSize * threads > Placement.machineCoreCount {
            found.append(
                "\(topology.localSize) ranks of \(threads) threads on a host with \(Placement.machineCoreCount) "
                    + "cores: start fewer ranks or set OMP_NUM_THREADS=1")
        }
        if KernelSet.openBLASHasOwnThreads, ProcessInfo.processInfo.environment["OPENBLAS_NUM_THREADS"] != "1" {
            found.append(
                "OpenBLAS is the pthread flavour and keeps a second thread pool: install libopenblas0-openmp, or set "
                    + "OPENBLAS_NUM_THREADS=1")
        }
        return found
    }
}
