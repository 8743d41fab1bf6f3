/// The way from the user's choice and the job's layout to the algorithm that runs, with the reason.
struct AllReduceChoice {
    private let wish: AllReduceAlgorithm
    private let payload: PayloadType
    private let topology: Topology

    init(_ wish: AllReduceAlgorithm, _ payload: PayloadType, topology: Topology) {
        self.wish = wish
        self.payload = payload
        self.topology = topology
    }

    /// Whether shared windows fit the layout: more than one rank on each node, and equally many.
    var allowsWindow: Bool { topology.localSize > 1 && topology.hasEqualNodes }

    /// - windowFailure: why the window could not be made on some rank, nil if it was.
    /// - Throws: kind `unsupported` if what was asked for cannot be had.
    func resolve(windowFailure: String?) throws(CollectiveError) -> (AllReduceAlgorithm, String) {
        let obstacle =
            allowsWindow ? windowFailure : "nodes do not each carry the same number of ranks, two or more"
        switch wish {
        case .mpi where payload != .f32:
            throw refusal(
                "the MPI library sums 32-bit numbers alone",
                hint: "leave one of the two away, or use --allreduce ring")
        case .ring, .mpi: return (wish, "\(wish.rawValue): as asked for, \(layout)")
        case .auto where topology.size == 1: return (.ring, "none: one process")
        case .auto where obstacle == nil: return (.shmRing, "shm-ring: chosen for \(layout)")
        case .auto where isOneRankPerNode: return (.ring, "ring: chosen for \(layout)")
        case .auto: return (.ring, "ring: chosen for \(layout), \(obstacle ?? "")")
        case .shmRing where obstacle == nil: return (.shmRing, "shm-ring: as asked for, \(layout)")
        case .shmRing where isOneRankPerNode:
            return (.ring, "shm-ring: as asked for, \(layout), so a ring alone")
        case .shmRing:
            throw refusal(
                obstacle ?? "", hint: "use --allreduce ring, or give each node the same number of ranks")
        }
    }

    private var layout: String {
        "\(topology.size) rank\(topology.size == 1 ? "" : "s") on \(topology.nodeCount) "
            + "node\(topology.nodeCount == 1 ? "" : "s")"
            + (payload == .f32 ? "" : ", \(payload.rawValue) between nodes")
    }

    private var isOneRankPerNode: Bool { topology.nodeCount == topology.size }

    private func refusal(_ text: String, hint: String) -> CollectiveError {
        CollectiveError(
            .unsupported, rank: topology.rank, call: "--allreduce \(wish.rawValue)", text: text, hint: hint)
    }
}
