/// The way from the user's choice and the job's layout to the algorithm that runs, with the reason.
struct AllReduceChoice {
    private let wish: AllReduceAlgorithm
    private let topology: Topology

    init(_ wish: AllReduceAlgorithm, topology: Topology) {
        self.wish = wish
        self.topology = topology
    }

    /// Whether shared windows fit the layout: more than one rank on each node, and equally many.
    var allowsWindow: Bool { topology.localSize > 1 && topology.hasEqualNodes }

    /// - windowFailure: why the window could not be made on some rank, nil if it was.
    /// - Throws: kind `unsupported` if `shared` was asked for and cannot be had.
    func resolve(windowFailure: String?) throws(CollectiveError) -> (AllReduceAlgorithm, String) {
        let layout =
            "\(topology.size) ranks on \(topology.nodeCount) node\(topology.nodeCount == 1 ? "" : "s")"
        let obstacle =
            allowsWindow ? windowFailure : "nodes do not each carry the same number of ranks, two or more"
        switch wish {
        case .ring, .mpi: return (wish, "\(wish.rawValue): as asked for, \(layout)")
        case .auto where topology.size == 1: return (.ring, "none: one process")
        case .auto where obstacle == nil: return (.shared, "shared: chosen for \(layout)")
        case .auto: return (.ring, "ring: chosen for \(layout), \(obstacle ?? "")")
        case .shared where obstacle == nil: return (.shared, "shared: as asked for, \(layout)")
        case .shared:
            throw CollectiveError(
                .unsupported, rank: topology.rank, call: "--allreduce shared", text: obstacle ?? "",
                hint: "use --allreduce ring, or give each node the same number of ranks")
        }
    }
}
