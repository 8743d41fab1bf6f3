extension Communicator {
    /// Checks that all ranks hold the same digest; otherwise all of them throw, naming the ranks that differ.
    ///
    /// The reference is the digest most ranks hold; among equally frequent ones the one of the lowest rank.
    /// - what: named in the error, e.g. `configuration`.
    package func agree(on digest: UInt64, what: String) throws(CollectiveError) {
        var mine = [Int64](repeating: 0, count: topology.size)
        mine[topology.rank] = Int64(bitPattern: digest)
        let digests = try reduced(mine, .sum, label: "digest of \(what)").map { UInt64(bitPattern: $0) }
        let differing = Self.ranksApart(in: digests)
        guard !differing.isEmpty else { return }
        let names = differing.prefix(16).map(String.init).joined(separator: ", ")
        let more = differing.count > 16 ? " and \(differing.count - 16) more" : ""
        let reference = digests.indices.first { !differing.contains($0) } ?? 0
        throw CollectiveError(
            .disagreement, rank: topology.rank, call: "agreement on \(what)",
            text:
                "rank\(differing.count == 1 ? "" : "s") \(names)\(more) of \(topology.size) differ from rank "
                + "\(reference): \(Self.hex(digests[differing[0]])), not \(Self.hex(digests[reference]))",
            hint: "start every rank with the same program, configuration and files", differingRanks: differing
        )
    }

    /// The ranks whose digest is not the reference, ascending.
    private static func ranksApart(in digests: [UInt64]) -> [Int] {
        var votes: [UInt64: Int] = [:]
        for digest in digests { votes[digest, default: 0] += 1 }
        let most = votes.values.max() ?? 0
        let reference = digests.first { votes[$0] == most }
        return digests.indices.filter { digests[$0] != reference }
    }

    private static func hex(_ digest: UInt64) -> String {
        let digits = String(digest, radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
    }
}
