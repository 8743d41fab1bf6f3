internal import Collectives
internal import DetectionData
internal import NN
internal import Tensors

/// Adds the gradients of all micro-batches in an order that no number of ranks changes: a tree over the micro-batches.
///
/// Costs memory for up to log2(micro-batches of a rank) + 1 more copies of the gradients, and hides no communication.
final class OrderedGradients {
    private let arena: ParameterArena
    private let communicator: any Communicator
    private var leavesOfRank: [Range<Int>] = []
    private var tree = ReductionTree(leafCount: 1)
    private var nodes: [ReductionTree.Node] = []
    private var sums: [Tensor] = []
    private var free: [Tensor] = []
    private var nextLeaf = 0

    init(_ arena: ParameterArena, communicator: any Communicator) {
        self.arena = arena
        self.communicator = communicator
    }

    /// Prepares for one step of so many micro-batches over all ranks.
    func begin(microBatchCount: Int) {
        let topology = communicator.topology
        leavesOfRank = (0..<topology.size).map {
            DistributedSampler.range(of: microBatchCount, rank: $0, worldSize: topology.size)
        }
        tree = ReductionTree(leafCount: microBatchCount)
        nextLeaf = leavesOfRank[topology.rank].lowerBound
    }

    /// Takes the gradients of this rank's next micro-batch from the arena.
    func add() {
        let sum = free.popLast() ?? Tensor(uninitialized: [arena.gradients.count])
        sum.floats.update(from: arena.gradients.floats, count: arena.gradients.count)
        sums.append(sum)
        tree.append(ReductionTree.leaf(nextLeaf), to: &nodes) {
            let right = sums.removeLast()
            Elementwise.add(right, to: sums[sums.count - 1])
            free.append(right)
        }
        nextLeaf += 1
    }

    /// Puts the sum over all ranks into the arena.
    func finish() throws(CollectiveError) {
        let gradients = UnsafeMutableBufferPointer(
            start: arena.gradients.floats, count: arena.gradients.count)
        try communicator.sumOverTree(
            sums.map(\.floats), leavesOfRank: leavesOfRank, into: gradients, label: "gradients, all in order")
        free += sums
        (sums, nodes) = ([], [])
    }
}
