internal import Collectives
internal import Foundation

/// Latency and bandwidth inside the first host, and from it to the others.
struct NetworkProbe {
    /// Hosts tried at most: a tenth of a second each.
    private static let mostHosts = 64
    private let communicator: any Communicator

    init(_ communicator: any Communicator) { self.communicator = communicator }

    /// All ranks call it; all get the same lines.
    func run() throws -> (lines: [String], findings: [String]) {
        guard let job = communicator as? MPICommunicator else { return ([], []) }
        let nodes = job.topology.nodeOfRank
        var lines: [String] = []
        if let neighbour = nodes.indices.dropFirst().first(where: { nodes[$0] == nodes[0] }) {
            lines.append("inside a host: " + text(try job.measureLink(between: 0, and: neighbour)))
        }
        var links: [(rank: Int, timing: LinkTiming)] = []
        for node in 1..<max(1, min(job.topology.nodeCount, Self.mostHosts)) {
            guard let rank = nodes.firstIndex(of: node) else { continue }
            links.append((rank, try job.measureLink(between: 0, and: rank)))
            lines.append("rank 0 to rank \(rank) on another host: " + text(links[links.count - 1].timing))
        }
        return (lines, findings(links))
    }

    private func findings(_ links: [(rank: Int, timing: LinkTiming)]) -> [String] {
        let rates = links.map(\.timing.bytesPerSecond).sorted()
        guard let best = rates.last else { return [] }
        var found: [String] = []
        for (rank, timing) in links where timing.bytesPerSecond < best / 2 {
            found.append(
                "the way from rank 0 to rank \(rank) is \(rate(timing)), others reach \(String(format: "%.2f", best / 1e9)) "
                    + "GB/s: look at that host's link, or leave the host out")
        }
        if best < 0.2e9 {
            found.append(
                "hosts reach \(String(format: "%.2f", best / 1e9)) GB/s: choose a faster network with mpirun --mca "
                    + "btl_tcp_if_include NAME, and halve the bytes with --allreduce-dtype bf16")
        }
        return found
    }

    private func text(_ timing: LinkTiming) -> String {
        String(format: "%.1f us, ", 1e6 * timing.latencySeconds) + rate(timing)
    }

    private func rate(_ timing: LinkTiming) -> String {
        String(format: "%.2f GB/s", timing.bytesPerSecond / 1e9)
    }
}
