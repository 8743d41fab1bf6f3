import XCTest

@testable import Collectives

/// The same bits for any number of ranks.
final class TreeSumTests: RankTestCase {
    private typealias Node = ReductionTree.Node

    func testWholeTreesEndInOneNode() {
        for leafCount in 1...33 {
            let nodes = ReductionTree(leafCount: leafCount).nodes(of: 0..<leafCount)
            XCTAssertEqual(nodes.count, 1, "\(leafCount) leaves: \(nodes)")
        }
    }

    func testNeighboursJoinAndAnOnlyChildStandsForItsParent() {
        let tree = ReductionTree(leafCount: 5)
        XCTAssertEqual(tree.nodes(of: 0..<3), [Node(level: 1, index: 0), Node(level: 0, index: 2)])
        XCTAssertEqual(tree.nodes(of: 1..<3), [Node(level: 0, index: 1), Node(level: 0, index: 2)])
        XCTAssertEqual(tree.nodes(of: 3..<5), [Node(level: 0, index: 3), Node(level: 2, index: 1)])
    }

    /// Numbers whose sum depends on the order of the additions.
    private func value(_ leaf: Int, _ element: Int) -> Float {
        Float((leaf * 7919 + element * 104_729) % 1009 - 504)
            * Float(sign: .plus, exponent: (leaf * 5 + element) % 23 - 11, significand: 1)
    }

    private func added(_ leaves: Range<Int>, of tree: ReductionTree, count: Int) -> [[Float]] {
        var nodes: [Node] = []
        var sums: [[Float]] = []
        for leaf in leaves {
            sums.append((0..<count).map { value(leaf, $0) })
            tree.append(ReductionTree.leaf(leaf), to: &nodes) {
                let right = sums.removeLast()
                sums[sums.count - 1] = zip(sums[sums.count - 1], right).map { $0 + $1 }
            }
        }
        return sums
    }

    func testRanksAddUpToTheBitsOfOneProcess() throws {
        let world = try world()
        let (rank, size) = (world.topology.rank, world.topology.size)
        // Beyond a share, so that a sum is made in several pieces; and leaves that do not divide, or are too few.
        for (leafCount, count) in [(8, 1000), (8, 1_200_001), (5, 17), (1, 40), (7, 3)] {
            let tree = ReductionTree(leafCount: leafCount)
            let whole = added(0..<leafCount, of: tree, count: count)[0]
            let leaves = (0..<size).map { leafCount * $0 / size..<leafCount * ($0 + 1) / size }
            let memory = added(leaves[rank], of: tree, count: count).map { sum in
                let copy = UnsafeMutablePointer<Float>.allocate(capacity: count)
                copy.initialize(from: sum, count: count)
                return copy
            }
            let result = UnsafeMutableBufferPointer<Float>.allocate(capacity: count)
            result.initialize(repeating: .nan)
            try world.sumOverTree(memory, leavesOfRank: leaves, into: result, label: "test")
            let different = zip(result, whole).count { $0.bitPattern != $1.bitPattern }
            XCTAssertEqual(different, 0, "\(leafCount) leaves of \(count)")
            for copy in memory { copy.deallocate() }
            result.deallocate()
        }
    }

    /// Were it not so, the test above would show nothing.
    func testTheOrderMatters() {
        let inARow = (0..<64).map { element in (0..<8).reduce(Float(0)) { $0 + value($1, element) } }
        XCTAssertNotEqual(inARow, added(0..<8, of: ReductionTree(leafCount: 8), count: 64)[0])
    }
}
