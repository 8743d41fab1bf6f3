internal import CMPI

/// One sum over a tree, from the point of view of one rank: every rank adds up its share of the elements, over the nodes
/// of all ranks, and hands it round.
final class TreeSum {
    struct Message {
        let peer: Int
        let memory: UnsafeMutablePointer<Float>
        let count: Int
    }

    private let tree: ReductionTree
    private let nodesOfRank: [[ReductionTree.Node]]
    private let values: [UnsafeMutablePointer<Float>]
    private let rank: Int
    private let shareElementCount: Int
    /// A share of every node of every other rank.
    private let scratch: [[UnsafeMutablePointer<Float>]]

    init(
        _ tree: ReductionTree, leavesOfRank: [Range<Int>], values: [UnsafeMutablePointer<Float>], rank: Int,
        shareElementCount: Int
    ) {
        self.tree = tree
        self.values = values
        self.rank = rank
        self.shareElementCount = shareElementCount
        let nodes = leavesOfRank.map { tree.nodes(of: $0) }
        precondition(
            nodes[rank].count == values.count, "\(values.count) values of \(nodes[rank].count) nodes")
        nodesOfRank = nodes
        scratch = nodes.enumerated().map { peer, nodes in
            peer == rank ? [] : nodes.map { _ in .allocate(capacity: shareElementCount) }
        }
    }

    /// Not after an error: the library may still write to it.
    func free() {
        for memory in scratch.joined() { memory.deallocate() }
    }

    private var peers: [Int] { nodesOfRank.indices.filter { $0 != rank } }

    /// The elements of a piece that a rank adds up.
    private func share(of peer: Int, in piece: Range<Int>) -> Range<Int> {
        let start = min(piece.lowerBound + peer * shareElementCount, piece.upperBound)
        return start..<min(start + shareElementCount, piece.upperBound)
    }

    func receives(_ piece: Range<Int>) -> [Message] {
        let count = share(of: rank, in: piece).count
        guard count > 0 else { return [] }
        return peers.flatMap { peer in scratch[peer].map { Message(peer: peer, memory: $0, count: count) } }
    }

    func sends(_ piece: Range<Int>) -> [Message] {
        peers.flatMap { peer in
            let share = share(of: peer, in: piece)
            return share.isEmpty
                ? [] : values.map { Message(peer: peer, memory: $0 + share.lowerBound, count: share.count) }
        }
    }

    /// Adds this rank's share of the piece over the nodes of all ranks, which come in the order of their leaves.
    func addUp(_ piece: Range<Int>, into target: UnsafeMutablePointer<Float>) {
        let share = share(of: rank, in: piece)
        guard !share.isEmpty else { return }
        var nodes: [ReductionTree.Node] = []
        var sums: [UnsafeMutablePointer<Float>] = []
        for (peer, own) in nodesOfRank.enumerated() {
            for (index, node) in own.enumerated() {
                sums.append(peer == rank ? values[index] + share.lowerBound : scratch[peer][index])
                tree.append(node, to: &nodes) {
                    let right = sums.removeLast()
                    cmpi_add_floats(sums[sums.count - 1], right, Int64(share.count))
                }
            }
        }
        precondition(
            sums.count == 1, "the ranks' leaves add up to \(nodes), not to a tree of \(tree.leafCount)")
        (target + share.lowerBound).update(from: sums[0], count: share.count)
    }

    func resultReceives(_ piece: Range<Int>, _ target: UnsafeMutablePointer<Float>) -> [Message] {
        peers.compactMap { peer in
            let share = share(of: peer, in: piece)
            return share.isEmpty
                ? nil : Message(peer: peer, memory: target + share.lowerBound, count: share.count)
        }
    }

    func resultSends(_ piece: Range<Int>, _ target: UnsafeMutablePointer<Float>) -> [Message] {
        let share = share(of: rank, in: piece)
        return share.isEmpty
            ? [] : peers.map { Message(peer: $0, memory: target + share.lowerBound, count: share.count) }
    }
}
