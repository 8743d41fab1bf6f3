internal import CMPI
internal import Glibc

extension MPICommunicator {
    /// How long to listen for the boards of other nodes.
    private static let askingSeconds = 3.0

    /// The error of a wait that took too long, once it is known who is missing.
    func silence(of collective: String, elapsedSeconds: Double, limitSeconds: Double) -> CollectiveError {
        board.giveUp()
        let own = board.ownStatus
        let report = SilenceReport(own: own, others: board.statuses + askAround(own), size: topology.size)
        let place =
            own.step.map { "in step \($0) (\(own.phase)): " } ?? (own.phase.isEmpty ? "" : "\(own.phase): ")
        let (elapsed, limit) = (RankStatus.tenths(elapsedSeconds), RankStatus.tenths(limitSeconds))
        return CollectiveError(
            .deadline, rank: topology.rank, call: collective,
            text: "\(place)not over after \(elapsed) s of \(limit) s; \(report.description)",
            hint: "look at the missing ranks' hosts, then go on with --resume auto",
            differingRanks: report.missingRanks)
    }

    /// The boards of the other nodes, as far as one of their ranks waits, too, and the network lets them through.
    private func askAround(_ own: RankStatus) -> [RankStatus] {
        guard topology.nodeCount > 1 else { return [] }
        do throws(CollectiveError) {
            return try exchangeBoards(own)
        } catch {
            return []
        }
    }

    private func exchangeBoards(_ own: RankStatus) throws(CollectiveError) -> [RankStatus] {
        let elsewhere = topology.nodeOfRank.indices.filter { topology.nodeOfRank[$0] != topology.nodeIndex }
        let sends = MPIRequestQueue(capacity: elsewhere.count, rank: topology.rank)
        let speaker = board.statuses.first { $0.waitsIn != nil && $0.waitCount == own.waitCount }
        if speaker?.rank == topology.rank {
            let mine = board.encoded()
            // Never freed: the job ends, and the library may still read it.
            let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: mine.count, alignment: 16)
            buffer.copyBytes(from: mine)
            for peer in elsewhere {
                try sends.begin {
                    cmpi_isend(
                        askingGroup.handle, buffer.baseAddress, Int64(mine.count), CMPI_BYTE, Int32(peer), 0,
                        &$0)
                }
            }
        }
        let largest = Dictionary(topology.nodeOfRank.map { ($0, 1) }, uniquingKeysWith: +).values.max() ?? 1
        let room = UnsafeMutableRawBufferPointer.allocate(
            byteCount: StatusBoard.encodedByteCount(rows: largest), alignment: 16)
        let receives = MPIRequestQueue(capacity: 1, rank: topology.rank)
        var heard: [RankStatus] = []
        var nodes: Set<Int> = []
        let start = ContinuousClock.now
        while nodes.count < topology.nodeCount - 1 || sends.count > 0,
            (ContinuousClock.now - start) / .seconds(1) < Self.askingSeconds
        {
            if receives.count == 0 {
                try receives.begin {
                    cmpi_ireceive(
                        askingGroup.handle, room.baseAddress, Int64(room.count), CMPI_BYTE, -1, 0, &$0)
                }
            }
            if try receives.popIfDone() {
                let rows = StatusBoard.decode(UnsafeRawBufferPointer(room))
                heard += rows
                for row in rows where topology.nodeOfRank.indices.contains(row.rank) {
                    nodes.insert(topology.nodeOfRank[row.rank])
                }
            }
            while try sends.popIfDone() {}
            usleep(1000)
        }
        return heard
    }
}
