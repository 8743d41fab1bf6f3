internal import CMPI
internal import Glibc

/// Whether processes of this job may read each other's memory, which Open MPI does with large messages of one host.
package enum PeerMemory {
    /// Why this rank cannot read its neighbour on the host; nil if it can, or has none. All ranks call it.
    package static func obstacle(_ communicator: any Communicator) throws(CollectiveError) -> String? {
        let topology = communicator.topology
        let secret = UnsafeMutablePointer<Int64>.allocate(capacity: 1)
        defer { secret.deallocate() }
        secret.initialize(to: 0x5EC2E7 + Int64(topology.rank))
        var card = [Int64](repeating: 0, count: 2 * topology.size)
        card[2 * topology.rank] = Int64(getpid())
        card[2 * topology.rank + 1] = Int64(Int(bitPattern: secret))
        card = try communicator.reduced(card, .sum, label: "addresses")
        var obstacle: String?
        let neighbours = topology.nodeOfRank.indices.filter { topology.nodeOfRank[$0] == topology.nodeIndex }
        if neighbours.count > 1, let own = neighbours.firstIndex(of: topology.rank) {
            let peer = neighbours[(own + 1) % neighbours.count]
            var value: Int64 = 0
            let code = cmpi_read_peer(card[2 * peer], card[2 * peer + 1], &value)
            if code != 0 {
                obstacle = String(cString: strerror(code))
            } else if value != 0x5EC2E7 + Int64(peer) {
                obstacle = "another process answers to number \(card[2 * peer])"
            }
        }
        // Nobody's secret may go before it was read.
        try communicator.barrier(label: "addresses")
        return obstacle
    }
}
