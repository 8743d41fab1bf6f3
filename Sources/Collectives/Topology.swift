internal import Foundation

/// Where this process stands in the job.
package struct Topology: Sendable, Equatable {
    /// 0 ..< size.
    package let rank: Int
    package let size: Int
    /// Position among the ranks of this node, 0 ..< localSize.
    package let localRank: Int
    package let localSize: Int
    /// Nodes are numbered by their lowest rank, 0 ..< nodeCount.
    package let nodeIndex: Int
    package let nodeCount: Int
    package let hostName: String
    /// Processors (hardware threads) of this node on which at least one of its ranks may run.
    package let nodeProcessorCount: Int
    /// The node of every rank, in rank order.
    package let nodeOfRank: [Int]

    /// Whether every node carries the same number of ranks.
    package var hasEqualNodes: Bool {
        localSize * nodeCount == size && nodeSizes.allSatisfy { $0 == localSize }
    }

    private var nodeSizes: [Int] {
        nodeOfRank.reduce(into: [Int](repeating: 0, count: nodeCount)) { sizes, node in sizes[node] += 1 }
    }

    /// One process alone.
    static func single(hostName: String) -> Topology {
        Topology(
            rank: 0, size: 1, localRank: 0, localSize: 1, nodeIndex: 0, nodeCount: 1, hostName: hostName,
            nodeProcessorCount: ProcessInfo.processInfo.activeProcessorCount, nodeOfRank: [0])
    }
}
