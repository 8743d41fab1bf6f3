/// Who is missing from a wait that took too long.
package struct SilenceReport: Sendable {
    private static let namedCount = 8

    /// Ranks that have not come to the wait, that do not run, or of which nothing was heard; ascending.
    package let missingRanks: [Int]
    private let missing: [RankStatus]
    private let unheard: [Int]

    /// - own: the waiting rank; others: what the boards say, in any order; size: ranks of the job.
    package init(own: RankStatus, others: [RankStatus], size: Int) {
        let known = Dictionary(others.map { ($0.rank, $0) }) { first, _ in first }
        missing = (0..<size).compactMap { rank in
            guard rank != own.rank, let status = known[rank] else { return nil }
            let isHere =
                status.waitCount > own.waitCount || status.waitCount == own.waitCount && status.waitsIn != nil
            // A process that was stopped inside the wait does not take part in it any more.
            return isHere && !status.isStopped ? nil : status
        }
        unheard = (0..<size).filter { $0 != own.rank && known[$0] == nil }
        missingRanks = (missing.map(\.rank) + unheard).sorted()
    }

    package var description: String {
        var parts: [String] = []
        if !missing.isEmpty {
            let more = missing.count > Self.namedCount ? " and \(missing.count - Self.namedCount) more" : ""
            parts.append(
                "missing: " + missing.prefix(Self.namedCount).map(\.description).joined(separator: ", ")
                    + more)
        }
        if !unheard.isEmpty {
            let names = unheard.prefix(Self.namedCount).map(String.init).joined(separator: ", ")
            let more = unheard.count > Self.namedCount ? " and \(unheard.count - Self.namedCount) more" : ""
            parts.append("nothing heard from rank\(unheard.count == 1 ? "" : "s") \(names)\(more)")
        }
        return parts.isEmpty
            ? "all ranks are in it: the network does not move it" : parts.joined(separator: "; ")
    }
}
