internal import CMPI

/// A set of ranks of the MPI library with its own message space.
final class MPIGroup {
    let handle: OpaquePointer
    let rank: Int
    let size: Int
    /// Tags 0 ... 32767 are what the standard promises; they come around long after their transfers are done.
    private static let tagCount: Int32 = 32768
    private var lastTag: Int32 = -1

    private init(_ handle: OpaquePointer, worldRank: Int) throws(CollectiveError) {
        self.handle = handle
        var rank: Int32 = 0
        var size: Int32 = 0
        try Self.check(cmpi_comm_rank(handle, &rank), rank: worldRank)
        try Self.check(cmpi_comm_size(handle, &size), rank: worldRank)
        self.rank = Int(rank)
        self.size = Int(size)
    }

    static func world() throws(CollectiveError) -> MPIGroup { try make(0) { cmpi_comm_world(&$0) } }

    func duplicate() throws(CollectiveError) -> MPIGroup {
        try Self.make(rank) { cmpi_comm_duplicate(handle, &$0) }
    }

    /// Ranks with one colour form a group, ordered by key.
    func split(color: Int, key: Int) throws(CollectiveError) -> MPIGroup {
        try Self.make(rank) { cmpi_comm_split(handle, Int32(clamping: color), Int32(clamping: key), &$0) }
    }

    /// The ranks of this node.
    func splitByNode() throws(CollectiveError) -> MPIGroup {
        try Self.make(rank) { cmpi_comm_split_shared(handle, &$0) }
    }

    func free() throws(CollectiveError) { try Self.check(cmpi_comm_free(handle), rank: rank) }

    /// A tag for the next transfer; all ranks of the group ask for theirs in the same order.
    func nextTag() -> Int32 {
        lastTag = (lastTag + 1) % Self.tagCount
        return lastTag
    }

    /// Lowers the elements one call of the library may carry, so that tests reach the splitting; nil restores
    /// it.
    static func limitPieces(to elementCount: Int64?) { cmpi_set_piece_limit(elementCount ?? 1 << 30) }

    /// Throws with the library's text unless the code is 0.
    static func check(_ code: Int32, rank: Int) throws(CollectiveError) {
        guard code != 0 else { return }
        let parts = String(cString: cmpi_error_text()).split(separator: ":", maxSplits: 1)
        throw CollectiveError(
            .library, rank: rank, call: parts.first.map(String.init) ?? "MPI",
            text: parts.last.map { String($0).trimmingPrefix(" ") }.map(String.init) ?? "code \(code)",
            hint: "see the lines mpirun printed on this rank's host; a lost host or link is the usual cause")
    }

    private static func make(
        _ rank: Int, _ create: (inout OpaquePointer?) -> Int32
    ) throws(CollectiveError) -> MPIGroup {
        var handle: OpaquePointer?
        try check(create(&handle), rank: rank)
        guard let handle else { preconditionFailure("the MPI shim returned success without a communicator") }
        return try MPIGroup(handle, worldRank: rank)
    }
}
