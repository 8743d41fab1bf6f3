internal import CMPI

/// Which rank lives on which node, found out together by all ranks.
struct NodePlaces {
    let topology: Topology
    /// The ranks of this node.
    let node: MPIGroup

    /// - ranksPerNode: pretends that nodes are this small, so that tests have several; nil for the truth.
    init(world: MPIGroup, ranksPerNode: Int?) throws(CollectiveError) {
        if let ranksPerNode {
            node = try world.split(color: world.rank / ranksPerNode, key: world.rank)
        } else {
            node = try world.splitByNode()
        }
        // Every rank writes its node's lowest rank into its own place of a row of zeros.
        var lowest = Int64(world.rank)
        try MPIGroup.check(cmpi_allreduce(node.handle, &lowest, 1, CMPI_INT64, CMPI_MIN), rank: world.rank)
        var leaders = [Int64](repeating: 0, count: world.size)
        leaders[world.rank] = lowest
        try MPIGroup.check(
            cmpi_allreduce(world.handle, &leaders, Int64(leaders.count), CMPI_INT64, CMPI_SUM),
            rank: world.rank)
        var indices: [Int64: Int] = [:]
        for leader in leaders where indices[leader] == nil { indices[leader] = indices.count }
        let nodeOfRank = leaders.map { indices[$0, default: 0] }
        topology = Topology(
            rank: world.rank, size: world.size, localRank: node.rank, localSize: node.size,
            nodeIndex: nodeOfRank[world.rank], nodeCount: indices.count,
            hostName: try Self.hostName(rank: world.rank),
            nodeProcessorCount: try Self.processorCount(of: node, rank: world.rank), nodeOfRank: nodeOfRank)
    }

    /// Processors in the masks of all ranks of the node together: a bound rank sees only its own.
    private static func processorCount(of node: MPIGroup, rank: Int) throws(CollectiveError) -> Int {
        var usable = try ProcessorSet.allowed(rank: rank)
        try MPIGroup.check(
            cmpi_allreduce(node.handle, &usable, Int64(usable.count), CMPI_INT64, CMPI_MAX), rank: rank)
        return Int(usable.reduce(0, +))
    }

    private static func hostName(rank: Int) throws(CollectiveError) -> String {
        var name = [CChar](repeating: 0, count: 512)
        try MPIGroup.check(cmpi_processor_name(&name, Int32(name.count)), rank: rank)
        return String(decoding: name.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}
