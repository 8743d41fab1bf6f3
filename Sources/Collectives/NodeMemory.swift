internal import CMPI

/// Memory in which every rank of a node owns a part that the others can load and store: an MPI-3 shared window.
final class NodeMemory {
    private static let pageByteCount = 4096

    private let window: OpaquePointer
    /// The parts by local rank.
    let bases: [UnsafeMutableRawPointer]
    let localRank: Int
    /// Bytes of each part, whole pages.
    let byteCount: Int
    private let rank: Int

    var localSize: Int { bases.count }

    /// - byteCount: wanted by each rank, equal on all of them.
    init(node: MPIGroup, byteCount: Int, rank: Int) throws(CollectiveError) {
        let page = Self.pageByteCount
        self.byteCount = (byteCount + page - 1) / page * page
        self.rank = rank
        localRank = node.rank
        var handle: OpaquePointer?
        try MPIGroup.check(cmpi_window_create(node.handle, Int64(self.byteCount), &handle), rank: rank)
        guard let handle else { preconditionFailure("the MPI shim returned success without a window") }
        window = handle
        bases = (0..<node.size).map { local in
            guard let base = cmpi_window_base(handle, Int32(local)) else {
                preconditionFailure("no shared memory of local rank \(local)")
            }
            return base
        }
    }

    func free() throws(CollectiveError) { try MPIGroup.check(cmpi_window_free(window), rank: rank) }

    /// Where the buffer lies in this rank's part, in bytes; nil if it does not.
    func position(of buffer: UnsafeMutableBufferPointer<Float>) -> Int? {
        guard let start = buffer.baseAddress else { return nil }
        let position = UnsafeRawPointer(start) - UnsafeRawPointer(bases[localRank])
        let end = position + buffer.count * MemoryLayout<Float>.stride
        return position >= 0 && end <= byteCount ? position : nil
    }

    /// Makes the memory on all ranks, or on none: a full or small /dev/shm on one node is no reason to stop.
    /// - Returns: the memory, or why some rank could not have it.
    static func makeOnAllRanks(
        node: MPIGroup, byteCount: Int, world: MPIGroup
    ) throws(CollectiveError) -> (memory: NodeMemory?, failure: String?) {
        // Asked first: memory that is promised and not there kills a process at its first touch.
        var failure = SharedMemoryRoom.current.shortage(of: byteCount * node.size)
        if try !everywhere(failure == nil, world) { return (nil, failure ?? elsewhere) }
        var made: NodeMemory?
        do throws(CollectiveError) {
            made = try NodeMemory(node: node, byteCount: byteCount, rank: world.rank)
        } catch {
            failure = "\(error.call): \(error.text)"
        }
        return try everywhere(made != nil, world) ? (made, nil) : (nil, failure ?? elsewhere)
    }

    private static let elsewhere = "another rank has no room for shared memory"

    private static func everywhere(_ isTrue: Bool, _ world: MPIGroup) throws(CollectiveError) -> Bool {
        var least: Int64 = isTrue ? 1 : 0
        try MPIGroup.check(
            cmpi_allreduce(world.handle, &least, 1, CMPI_INT64, CMPI_MIN), rank: world.rank)
        return least == 1
    }
}
