/// The order in which the parts of a sum are added: a binary tree over them, whoever holds which.
///
/// Floating-point sums depend on their order. Neighbours are added first, then neighbouring pairs, and so on, so every
/// holder of adjacent parts can add up what lies below whole nodes, and the rest joins the same nodes as ever.
package struct ReductionTree: Sendable {
    /// The leaves index << level ..< (index + 1) << level, as far as there are so many.
    package struct Node: Sendable, Equatable {
        package let level: Int
        package let index: Int
    }

    package let leafCount: Int

    package init(leafCount: Int) {
        precondition(leafCount > 0, "a tree of \(leafCount) leaves")
        self.leafCount = leafCount
    }

    package static func leaf(_ index: Int) -> Node { Node(level: 0, index: index) }

    /// Puts a node behind others, which hold the leaves just before its own, and joins all that are whole.
    /// - join: adds the values behind the last but one place of the list to be, and its last.
    package func append(_ node: Node, to nodes: inout [Node], join: () -> Void) {
        nodes.append(promoted(node))
        while nodes.count > 1 {
            let (left, right) = (nodes[nodes.count - 2], nodes[nodes.count - 1])
            guard left.level == right.level, left.index + 1 == right.index, left.index.isMultiple(of: 2)
            else { return }
            join()
            nodes.removeLast(2)
            nodes.append(promoted(Node(level: left.level + 1, index: left.index / 2)))
        }
    }

    /// The nodes that the leaves of a range add up to.
    package func nodes(of leaves: Range<Int>) -> [Node] {
        leaves.reduce(into: []) { nodes, leaf in append(Self.leaf(leaf), to: &nodes) {} }
    }

    /// An only child stands for its parent.
    private func promoted(_ node: Node) -> Node {
        var node = node
        while node.index.isMultiple(of: 2), (node.index + 1) << node.level >= leafCount,
            1 << node.level < leafCount
        {
            node = Node(level: node.level + 1, index: node.index / 2)
        }
        return node
    }
}
