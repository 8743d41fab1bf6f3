internal import CMPI

extension MPICommunicator {
    /// Floats of one rank's share of what is summed at a time; 2 MB of scratch memory a node.
    private static let shareElementCount = 512 << 10

    package func sumOverTree(
        _ values: [UnsafeMutablePointer<Float>], leavesOfRank: [Range<Int>],
        into result: UnsafeMutableBufferPointer<Float>, label: String
    ) throws(CollectiveError) {
        precondition(
            leavesOfRank.count == topology.size, "leaves of \(leavesOfRank.count) of \(topology.size) ranks")
        guard let target = result.baseAddress else { return }
        try requireIntact(label)
        board.beginWait(in: "tree sum '\(label)'")
        defer { board.endWait() }
        let sum = TreeSum(
            ReductionTree(leafCount: leavesOfRank.last?.upperBound ?? 0), leavesOfRank: leavesOfRank,
            values: values,
            rank: topology.rank, shareElementCount: Self.shareElementCount)
        let pieceElementCount = Self.shareElementCount * topology.size
        for start in stride(from: 0, to: result.count, by: pieceElementCount) {
            let piece = start..<min(start + pieceElementCount, result.count)
            try exchange(label, receives: sum.receives(piece), sends: sum.sends(piece))
            sum.addUp(piece, into: target)
            try exchange(
                label, receives: sum.resultReceives(piece, target), sends: sum.resultSends(piece, target))
        }
        sum.free()
    }

    /// Runs transfers to their end. All ranks call it in the same order, with the same messages between each two.
    private func exchange(
        _ label: String, receives: [TreeSum.Message], sends: [TreeSum.Message]
    ) throws(CollectiveError) {
        let tag = world.nextTag()
        let rank = topology.rank
        let arriving = MPIRequestQueue(capacity: max(receives.count, 1), rank: rank)
        let leaving = MPIRequestQueue(capacity: max(sends.count, 1), rank: rank)
        try breaking { () throws(CollectiveError) in
            for message in receives {
                try arriving.begin {
                    cmpi_ireceive(
                        world.handle, message.memory, Int64(message.count), CMPI_FLOAT, Int32(message.peer),
                        tag, &$0)
                }
            }
            for message in sends {
                try leaving.begin {
                    cmpi_isend(
                        world.handle, message.memory, Int64(message.count), CMPI_FLOAT, Int32(message.peer),
                        tag, &$0)
                }
            }
        }
        try wait(for: "tree sum", label: label, deadlineSeconds: nil) { () throws(CollectiveError) in
            while try arriving.popIfDone() {}
            while try leaving.popIfDone() {}
            return arriving.count == 0 && leaving.count == 0
        }
    }
}
