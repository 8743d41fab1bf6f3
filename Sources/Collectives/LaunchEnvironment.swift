internal import Foundation

/// What the launcher said through the environment, and whether the job it meant came about.
package struct LaunchEnvironment: Sendable {
    /// Set by a launcher that hands out a connection to the other ranks.
    private static let wireUpNames = ["OMPI_COMM_WORLD_SIZE", "PMIX_RANK", "PMI_RANK", "PMI_FD"]
    /// The nearest launcher first: `mpirun -np 1` inside an allocation of 16 tasks means one rank.
    private static let sizeNames = ["OMPI_COMM_WORLD_SIZE", "PMI_SIZE", "SLURM_NTASKS"]

    /// Whether MPI should be initialised at all.
    package let hasWireUp: Bool
    /// The number of ranks the launcher started, if it said so.
    package let declaredSize: Int?
    private let sizeName: String
    private let rank: Int

    /// Whether this is rank 0, or the only one, as far as the launcher said.
    package var isFirst: Bool { rank == 0 }

    package init(_ variables: [String: String] = ProcessInfo.processInfo.environment) {
        hasWireUp = Self.wireUpNames.contains { variables[$0] != nil }
        sizeName = Self.sizeNames.first { variables[$0] != nil } ?? ""
        declaredSize = variables[sizeName].flatMap { Int($0) }
        let rankText = variables["OMPI_COMM_WORLD_RANK"] ?? variables["PMI_RANK"] ?? variables["SLURM_PROCID"]
        rank = rankText.flatMap { Int($0) } ?? 0
    }

    /// Throws if several ranks were started but each would train alone.
    package func check(worldSize: Int) throws(CollectiveError) {
        guard let declaredSize, declaredSize > 1, worldSize == 1 else { return }
        let hint: String
        switch sizeName {
        case "SLURM_NTASKS":
            hint =
                "start with mpirun, or with srun --mpi=pmix if this SLURM has it (srun --mpi=list); "
                + "for one process alone: mpirun -np 1"
        default: hint = "use the mpirun of the Open MPI this program is linked with"
        }
        throw CollectiveError(
            .launch, rank: rank, call: "launch",
            text: "\(sizeName) is \(declaredSize) but this process sees 1 rank, so each would train alone",
            hint: hint)
    }

    /// The job's communicator: of MPI under a launcher, of one process otherwise.
    /// - Throws: kind `launch` if several ranks were started that do not see each other.
    package func openCommunicator(
        _ settings: CommunicatorSettings = CommunicatorSettings()
    ) throws(CollectiveError) -> any Communicator {
        guard hasWireUp else {
            try check(worldSize: 1)
            return LocalCommunicator(deadlineSeconds: settings.deadlineSeconds)
        }
        let communicator = try MPICommunicator.start(settings)
        try check(worldSize: communicator.topology.size)
        return communicator
    }
}
